//! What the child processes of these tests do: each asks for something and says what it got. They run by their exact
//! names alone, and do nothing when somebody runs all that is ignored.

use std::io;
use std::io::Write;

use portolan::cli::prompt::{Input, PromptError};
use portolan::secret::Secret;

fn as_a_child(asks: impl FnOnce()) {
    if std::env::args().any(|argument| argument == "--exact") {
        asks();
    }
}

fn say(answer: Result<Option<Secret>, PromptError>) {
    let said = match answer {
        Ok(Some(secret)) => format!("{:?}", secret.expose()),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    };
    tell(&said);
}

fn tell(said: &str) {
    io::stdout()
        .write_all(format!("answer: {said}\n").as_bytes())
        .unwrap();
}

fn token(input: &mut Input) -> Result<Option<Secret>, PromptError> {
    input.secret("Paste it here.\n", "Token: ", "--token-stdin")
}

#[test]
#[ignore = "runs as a child of other tests"]
fn for_a_secret() {
    as_a_child(|| {
        say(token(&mut Input::new(false)));
    });
}

#[test]
#[ignore = "runs as a child of other tests"]
fn for_a_secret_and_stay() {
    as_a_child(|| {
        say(token(&mut Input::new(false)));
        io::stderr().write_all(b"staying\n").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(60));
    });
}

#[test]
#[ignore = "runs as a child of other tests"]
fn for_a_secret_and_panic_elsewhere() {
    as_a_child(|| {
        // As in a release, where a panic aborts.
        std::panic::set_hook(Box::new(|_| std::process::abort()));
        let mut resized =
            signal_hook::iterator::Signals::new([signal_hook::consts::SIGWINCH]).unwrap();
        std::thread::spawn(move || resized.forever().next().map(|_| panic!("elsewhere")));
        say(token(&mut Input::new(false)));
    });
}

#[test]
#[ignore = "runs as a child of other tests"]
fn a_question() {
    as_a_child(|| match Input::new(false).question("Replace it? ") {
        Ok(None) => tell("nobody to ask"),
        Ok(Some(answer)) => tell(&format!("{answer:?}")),
        Err(error) => say(Err(error)),
    });
}

#[test]
#[ignore = "runs as a child of other tests"]
fn a_question_and_a_secret() {
    as_a_child(|| {
        let mut input = Input::new(false);
        input.question("Replace it? ").unwrap();
        say(token(&mut input));
    });
}

#[test]
#[ignore = "runs as a child of other tests"]
fn for_everything() {
    as_a_child(|| {
        say(Input::new(false).all().map(Some));
    });
}
