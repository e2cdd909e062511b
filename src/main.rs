//! The command `portolan`: its words go to the library, its exit code comes from there.

use std::process::ExitCode;

fn main() -> ExitCode {
    portolan::cli::run(std::env::args_os())
}
