//! What this machine lets a test do. The unit tests of the library share it.

use std::io::Write as _;
use std::thread;

use rustix::process::{Gid, Uid};

/// The number of the account that is nobody's: an ordinary user for tests that run as root.
pub(crate) const ORDINARY: u32 = 65534;

/// Whether the tests run as root, who may read and write everything.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[expect(
    clippy::disallowed_methods,
    reason = "says how the tests are run, not what the program does"
)]
/// Reports that a test can't run here, on a line that no test harness swallows; where `PORTOLAN_TEST_REAL=1` says that
/// everything is installed, the test fails.
pub(crate) fn skip(reason: &str) {
    let required = std::env::var_os("PORTOLAN_TEST_REAL").is_some_and(|value| value == "1");
    assert!(!required, "this test may not be skipped here: {reason}");
    let name = thread::current().name().unwrap_or_default().to_owned();
    let _ = std::io::stderr().write_all(format!("skipped: {name}: {reason}\n").as_bytes());
}

/// Runs a part of a test in this process as an ordinary user: as [`ORDINARY`] where the tests run as root.
pub(crate) fn as_ordinary_user<T: Send>(part: impl FnOnce() -> T + Send) -> T {
    if !is_root() {
        return part();
    }
    // Linux knows a user for each thread; the other tests stay root's.
    let run = || {
        let (user, group) = (Uid::from_raw(ORDINARY), Gid::from_raw(ORDINARY));
        rustix::thread::set_thread_groups(&[]).unwrap();
        rustix::thread::set_thread_res_gid(group, group, group).unwrap();
        rustix::thread::set_thread_res_uid(user, user, user).unwrap();
        part()
    };
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
