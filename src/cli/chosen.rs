//! Commands whose arguments are made when they are chosen. A run needs one command's arguments, and making all of them
//! costs more than a small `list` itself; see docs/performance.md.

use std::ops::Deref;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use crate::cli::args::GlobalOptions;

/// What `T` says of a command, and the global options, put into the tree when the command is chosen.
///
/// Until then the command has a name only: for a help or an error about the tree as a whole, build the tree first.
#[derive(Debug)]
pub(crate) struct Chosen<T>(T);

impl<T> Deref for Chosen<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for Chosen<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            // What stands at the command's place in the tree wins over what its arguments say.
            let after_help = command.get_after_help().cloned();
            let command = T::augment_args(GlobalOptions::augment_args(command));
            match after_help {
                Some(text) => command.after_help(text),
                None => command,
            }
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Chosen<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches_mut(matches)
    }
}
