//! The terminal in the hands of another process group, as a shell gives it to a job.

use std::os::fd::OwnedFd;

use nix::sys::signal::{SigSet, Signal as BlockedSignal};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, getpgrp, kill_process_group};
use rustix::termios::{tcgetpgrp, tcsetpgrp};

/// The controlling terminal while another group has it in the foreground; dropped, it is this program's again.
pub(super) struct Lent(OwnedFd);

impl Lent {
    /// Lends the terminal to `group`; `None` without one, or where this program itself runs in the background.
    pub(super) fn to(group: Pid) -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
        let is_ours = tcgetpgrp(&terminal).is_ok_and(|foreground| foreground == getpgrp());
        if !is_ours || tcsetpgrp(&terminal, group).is_err() {
            return None;
        }
        // It may have asked for the terminal before, and was stopped for that.
        let _ = kill_process_group(group, Signal::CONT);
        Some(Self(terminal))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Whoever takes the terminal from the background is stopped by this signal, unless it is blocked.
        let mut taking = SigSet::empty();
        taking.add(BlockedSignal::SIGTTOU);
        let before = taking.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK);
        let _ = tcsetpgrp(&self.0, getpgrp());
        if let Ok(before) = before {
            let _ = before.thread_set_mask();
        }
    }
}
