//! Where in the command tree the cursor stands. Pure: words in, what is wanted there out.

use clap::{Arg, ArgAction, Command};

#[derive(Clone, Debug)]
pub(super) enum Wanted<'a> {
    Commands,
    Flags,
    Values(Vec<&'a Arg>),
}

#[derive(Clone, Debug)]
pub(super) struct Position<'a> {
    pub(super) command: &'a Command,
    pub(super) path: Vec<&'a str>,
    pub(super) wanted: Wanted<'a>,
    pub(super) prefix: &'a str,
    pub(super) is_behind_flags: bool,
    is_help: bool,
    flags: Vec<(&'a str, String)>,
    pub(super) words: Vec<String>,
}

impl<'a> Position<'a> {
    pub(super) fn find(tree: &'a Command, before: &[&str], current: &'a str) -> Self {
        let mut position = Self {
            command: tree,
            path: Vec::new(),
            wanted: Wanted::Commands,
            prefix: "",
            is_behind_flags: false,
            is_help: false,
            flags: Vec::new(),
            words: Vec::new(),
        };
        let mut open: Option<&'a Arg> = None;
        for word in before {
            open = match open {
                Some(arg) => position.give(arg, word),
                None => position.walk(word),
            };
        }
        position.wanted = match open {
            Some(arg) => Wanted::Values(vec![arg]),
            None => position.wanted_at(current),
        };
        position
    }

    pub(super) fn value(&self, id: &str) -> Option<&str> {
        self.flags
            .iter()
            .rev()
            .find(|(flag, _)| *flag == id)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.value(id).is_some()
    }

    fn walk(&mut self, word: &str) -> Option<&'a Arg> {
        if self.is_behind_flags || !word.starts_with('-') || word == "-" {
            match self
                .command
                .find_subcommand(word)
                .filter(|_| self.words.is_empty() && !self.is_behind_flags)
            {
                Some(below) if below.get_name() == "help" => self.is_help = true,
                Some(below) => {
                    self.command = below;
                    self.path.push(below.get_name());
                }
                None => self.words.push(word.to_owned()),
            }
            return None;
        }
        if word == "--" {
            self.is_behind_flags = true;
            return None;
        }
        let Some(long) = word.strip_prefix("--") else {
            return self.walk_shorts(&word[1..]);
        };
        let (name, value) = long
            .split_once('=')
            .map_or((long, None), |(name, value)| (name, Some(value)));
        let arg = self.long(name)?;
        match value {
            Some(value) => self.give(arg, value),
            None if takes_value(arg) => Some(arg),
            None => self.give(arg, ""),
        }
    }

    fn walk_shorts(&mut self, shorts: &str) -> Option<&'a Arg> {
        for (at, short) in shorts.char_indices() {
            let arg = self
                .command
                .get_arguments()
                .find(|arg| arg.get_short() == Some(short))?;
            if takes_value(arg) {
                let value = &shorts[at + short.len_utf8()..];
                let value = value.strip_prefix('=').unwrap_or(value);
                return if value.is_empty() {
                    Some(arg)
                } else {
                    self.give(arg, value)
                };
            }
            self.give(arg, "");
        }
        None
    }

    fn give(&mut self, arg: &'a Arg, value: &str) -> Option<&'a Arg> {
        self.flags.push((arg.get_id().as_str(), value.to_owned()));
        None
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        self.command
            .get_arguments()
            .find(|arg| arg.get_long() == Some(name))
    }

    fn wanted_at(&mut self, current: &'a str) -> Wanted<'a> {
        if !self.is_behind_flags && current.starts_with('-') {
            let option = current
                .split_once('=')
                .and_then(|(flag, _)| self.long(flag.strip_prefix("--")?));
            return match option.filter(|arg| takes_value(arg)) {
                Some(arg) => {
                    self.prefix = &current[..=current.find('=').unwrap_or_default()];
                    Wanted::Values(vec![arg])
                }
                None => Wanted::Flags,
            };
        }
        if (self.command.has_subcommands() || self.is_help) && self.words.is_empty() {
            return Wanted::Commands;
        }
        let positionals: Vec<&Arg> = self.command.get_positionals().collect();
        let at = self.words.len();
        let Some(arg) = positionals
            .get(at)
            .or(positionals.last().filter(|arg| takes_many(arg)))
        else {
            return Wanted::Values(Vec::new());
        };
        // `[REMOTE] URI`: the first word can be either.
        let next = positionals
            .get(at + 1)
            .filter(|next| !arg.is_required_set() && next.is_required_set());
        Wanted::Values(std::iter::once(*arg).chain(next.copied()).collect())
    }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn takes_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
        || arg
            .get_num_args()
            .is_some_and(|range| range.max_values() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Command {
        let config = Arg::new("config").short('c').long("config").global(true);
        let switch = |name: &'static str, short| {
            Arg::new(name)
                .long(name)
                .short(short)
                .action(ArgAction::SetTrue)
        };
        let add = Command::new("add-keyserver")
            .args([
                Arg::new("order").long("order").short('o'),
                switch("insecure", 'i'),
            ])
            .args([Arg::new("remote"), Arg::new("uri").required(true)])
            .allow_missing_positional(true);
        let use_remote = Command::new("use")
            .args([switch("global", 'g'), switch("exclusive", 'e')])
            .arg(Arg::new("name").required(true));
        let remote = Command::new("remote")
            .arg(config)
            .subcommands([use_remote, add]);
        let mut tree = Command::new("p")
            .arg(Arg::new("command").long("command").global(true))
            .subcommand(remote);
        tree.build();
        tree
    }

    /// The path, what is wanted, the prefix and the other words, in short.
    fn shown(line: &str) -> String {
        let (tree, mut words) = (tree(), line.split(' ').collect::<Vec<_>>());
        let current = words.pop().unwrap();
        let position = Position::find(&tree, &words, current);
        let wanted = match &position.wanted {
            Wanted::Commands => "commands".to_owned(),
            Wanted::Flags => "flags".to_owned(),
            Wanted::Values(args) => args
                .iter()
                .map(|arg| arg.get_id().as_str())
                .collect::<Vec<_>>()
                .join("|"),
        };
        format!(
            "{}: {wanted} {}{:?}",
            position.path.join(" "),
            position.prefix,
            position.words
        )
    }

    #[test]
    fn the_words_before_decide_what_is_wanted() {
        let cases = [
            ("", ": commands []"),
            ("re", ": commands []"),
            ("remote ", "remote: commands []"),
            ("remote unknown ", r#"remote:  ["unknown"]"#),
            ("remote use ", "remote use: name []"),
            ("remote use x ", r#"remote use:  ["x"]"#),
            ("remote use -", "remote use: flags []"),
            ("remote use --g", "remote use: flags []"),
            ("remote use -- -", "remote use: name []"),
            ("remote use - ", r#"remote use:  ["-"]"#),
            ("remote -c ", "remote: config []"),
            ("remote -c f use ", "remote use: name []"),
            ("remote use -c f ", "remote use: name []"),
            ("remote use -cf ", "remote use: name []"),
            ("remote use -gc ", "remote use: config []"),
            ("remote use --config ", "remote use: config []"),
            ("remote use --config=", "remote use: config --config=[]"),
            ("remote use --config=f ", "remote use: name []"),
            ("remote use --global=", "remote use: flags []"),
            ("--command singularity remote use ", "remote use: name []"),
            ("--command=", ": command --command=[]"),
            (
                "remote add-keyserver ",
                "remote add-keyserver: remote|uri []",
            ),
            (
                "remote add-keyserver company ",
                r#"remote add-keyserver: uri ["company"]"#,
            ),
            (
                "remote add-keyserver -o 1 ",
                "remote add-keyserver: remote|uri []",
            ),
            (
                "remote add-keyserver --unknown ",
                "remote add-keyserver: remote|uri []",
            ),
            ("help remote ", "remote: commands []"),
            ("remote help ", "remote: commands []"),
            ("help remote use ", "remote use: commands []"),
        ];
        for (line, wanted) in cases {
            assert_eq!(shown(line), wanted, "{line:?}");
        }
    }

    #[test]
    fn the_flags_so_far_are_known_wherever_they_stood() {
        let tree = tree();
        let words = [
            "--command",
            "singularity",
            "remote",
            "-cfirst",
            "use",
            "-g",
            "--config=second",
            "--command=",
        ];
        let position = Position::find(&tree, &words, "");
        assert_eq!(
            (position.value("config"), position.value("command")),
            (Some("second"), Some(""))
        );
        assert!(position.has("global") && !position.has("exclusive"));
    }
}
