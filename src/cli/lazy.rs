//! Commands whose arguments are made when they are chosen. A run needs one command's arguments, and making all of them
//! costs more than a small `list` itself; see docs/performance.md.

use std::marker::PhantomData;
use std::ops::Deref;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use crate::cli::args::{GlobalOptions, GroupOptions};

/// What `T` says of a command, and the `Common` options, put into the tree when the command is chosen.
///
/// Until then the command has a name only: for a help or an error about the tree as a whole, build the tree first.
#[derive(Debug)]
pub(crate) struct Lazy<T, Common = GlobalOptions>(T, PhantomData<Common>);

/// A group, or a command in one.
///
/// clap's own way, a global argument of the group, would copy the option into every command of it.
pub(crate) type LazyInGroup<T> = Lazy<T, GroupOptions>;

impl<T, Common> Deref for Lazy<T, Common> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args, Common: Args> Args for Lazy<T, Common> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            // What stands at the command's place in the tree wins over what its arguments say.
            let after_help = command.get_after_help().cloned();
            let command = T::augment_args(Common::augment_args(command));
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

impl<T: FromArgMatches, Common> FromArgMatches for Lazy<T, Common> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(|arguments| Self(arguments, PhantomData))
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(|arguments| Self(arguments, PhantomData))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches_mut(matches)
    }
}
