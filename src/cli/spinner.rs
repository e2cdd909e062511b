//! A sign of life on a terminal while servers think. Nothing in pipes.

use std::io::Write;
use std::sync::mpsc;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

/// Turns until it is dropped; then its line is empty again.
pub(crate) struct Spinner(Option<(Sender<()>, JoinHandle<()>)>);

/// What is quicker needs no sign of life.
const PATIENCE: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(100);
const PICTURES: [char; 4] = ['|', '/', '-', '\\'];

impl Spinner {
    /// One that turns beside `text` on standard error, or does nothing where nobody sees it.
    pub(crate) fn new(text: String, visible: bool) -> Self {
        if !visible {
            return Self(None);
        }
        let (stop, stopped) = mpsc::channel();
        let turn = thread::Builder::new().spawn(move || {
            let mut wait = PATIENCE;
            for picture in PICTURES.into_iter().cycle() {
                if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
                wait = STEP;
                let _ = write!(io::stderr(), "\r{picture} {text} ");
            }
            if wait == STEP {
                let _ = write!(io::stderr(), "\r\u{1b}[K");
            }
        });
        // Where no thread is to be had, there is no sign of life.
        Self(turn.ok().map(|turn| (stop, turn)))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, turn)) = self.0.take() {
            drop(stop);
            let _ = turn.join();
        }
    }
}
