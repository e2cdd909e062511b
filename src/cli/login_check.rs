//! Whether the logins of a list still work: their registries are asked, all at once. Changes nothing.

use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::login_list::{CheckedLogin, ListedLogin};
use crate::cli::network;
use crate::cli::ui::Ui;
use crate::credentials::helper::{Helper, HelperName};
use crate::credentials::look_up::{HelperCall, LoginOutcome, SentLogin, SentSecret};
use crate::secret::Stored;
use crate::service::at_once;
use crate::service::http::Options;
use crate::service::registry::certificates;
use crate::service::registry::login::{Checked, LoginToCheck, TlsPolicy, check};
use crate::uri::RegistryUri;

const PATIENCE: Duration = Duration::from_secs(5);
const BOUND: Duration = Duration::from_secs(15);
const AT_ONCE: usize = 64;

struct LoginQuestion {
    registry: RegistryUri,
    insecure: bool,
    account: Option<String>,
    login: Shown,
    listed: Vec<usize>,
}

#[derive(PartialEq)]
enum Shown {
    Stored(LoginToCheck),
    OfHelper(Vec<HelperCall>),
}

struct Doubt {
    checked: CheckedLogin,
    reason: String,
}

impl Doubt {
    fn unknown(reason: impl Into<String>) -> Self {
        Self {
            checked: CheckedLogin::Unknown,
            reason: reason.into(),
        }
    }
}

/// Asks the registries, and notes in the list what they say. Each host gets one request with a login for each account: several
/// that fail would lock it.
pub(crate) fn check_all(
    logins: &mut [ListedLogin],
    context: &Context,
    ui: &mut Ui,
) -> anyhow::Result<Outcome> {
    let (questions, mut doubts) = questions(logins);
    let until = Instant::now() + BOUND;
    let options = network::options(context);
    let options = Options {
        limit: PATIENCE,
        connect_limit: options.connect_limit.min(PATIENCE),
        until: Some(until),
        ..options
    };
    let waiting = ui.spinner("asking the registries");
    let answers = at_once(&questions, AT_ONCE, Some(until), |question| {
        question.ask(&options, context)
    });
    drop(waiting);
    for (question, answer) in questions.iter().zip(answers) {
        let over = || Err(Doubt::unknown(format!("{} s were over", BOUND.as_secs())));
        let answer = answer.unwrap_or_else(over);
        for index in &question.listed {
            // Of several logins of which any is taken, all must work.
            let checked = answer
                .as_ref()
                .map_or_else(|doubt| doubt.checked, |()| CheckedLogin::Good);
            logins[*index].check = logins[*index].check.max(Some(checked));
        }
        doubts.extend(answer.err().map(|doubt| (question.listed[0], doubt)));
    }
    for (index, doubt) in &doubts {
        let login = &mut logins[*index];
        login.check = login.check.max(Some(doubt.checked));
        let text = format!("{}: {}", login.uri, doubt.reason);
        match doubt.checked {
            CheckedLogin::Refused => ui.error(text),
            _ => ui.warning(text),
        }
    }
    conclude(logins)
}

fn conclude(logins: &[ListedLogin]) -> anyhow::Result<Outcome> {
    let number = |checked| {
        let found = logins.iter().filter(|login| login.check == Some(checked));
        found.count()
    };
    match number(CheckedLogin::Refused) {
        0 if number(CheckedLogin::Unknown) > 0 => Ok(Outcome::Warnings),
        0 => Ok(Outcome::Done),
        1 => Err(anyhow!("1 login was refused")),
        refused => Err(anyhow!("{refused} logins were refused")),
    }
}

fn questions(logins: &[ListedLogin]) -> (Vec<LoginQuestion>, Vec<(usize, Doubt)>) {
    let mut questions: Vec<LoginQuestion> = Vec::new();
    let mut doubts = Vec::new();
    for (index, listed) in logins.iter().enumerate() {
        let Ok(registry) = RegistryUri::found(&listed.uri) else {
            continue;
        };
        let shown = shown(listed);
        if shown.is_empty() {
            doubts.push((index, Doubt::unknown("the runtime does not use this login")));
        }
        for (account, login) in shown {
            let is_same = |asked: &&mut LoginQuestion| {
                asked.registry.api_host() == registry.api_host()
                    && (asked.account.is_some() && asked.account == account || asked.login == login)
            };
            match questions.iter_mut().find(is_same) {
                Some(asked) if asked.login == login => asked.listed.push(index),
                Some(_) => doubts.push((
                    index,
                    Doubt::unknown("another login of the same account was checked"),
                )),
                None => questions.push(LoginQuestion {
                    registry: registry.clone(),
                    insecure: listed.insecure,
                    account,
                    login,
                    listed: vec![index],
                }),
            }
        }
    }
    (questions, doubts)
}

fn shown(listed: &ListedLogin) -> Vec<(Option<String>, Shown)> {
    let Some(found) = listed.found.as_ref().filter(|_| listed.used) else {
        return Vec::new();
    };
    if listed.helper.is_some() {
        let login = Shown::OfHelper(found.calls.clone());
        return vec![(listed.account.clone(), login)];
    }
    let logins: Vec<&SentLogin> = match &found.outcome {
        LoginOutcome::Login(login) => vec![login],
        LoginOutcome::OneOf(logins) => logins.iter().flatten().collect(),
        LoginOutcome::Anonymous | LoginOutcome::Fails(_) => Vec::new(),
    };
    let shown = logins.into_iter();
    let shown = shown.map(|login| (login.account(), Shown::Stored(stored(login))));
    shown.collect()
}

fn stored(login: &SentLogin) -> LoginToCheck {
    let user = login.user.clone();
    match login.secret() {
        SentSecret::IdentityToken(token) => {
            let token = token.clone();
            LoginToCheck::Exchanged(Stored::IdentityToken { user, token })
        }
        SentSecret::RegistryToken(token) => LoginToCheck::RegistryToken(token.clone()),
        SentSecret::Password(password) => {
            let password = password.clone();
            LoginToCheck::Exchanged(Stored::Password { user, password })
        }
    }
}

impl LoginQuestion {
    fn ask(&self, options: &Options, context: &Context) -> Result<(), Doubt> {
        let of_helper;
        let login = match &self.login {
            Shown::Stored(login) => login,
            Shown::OfHelper(calls) => {
                of_helper = LoginToCheck::Exchanged(of_helpers(calls, context)?);
                &of_helper
            }
        };
        let tls_policy = TlsPolicy::of(self.insecure);
        let directories = network::certificate_directories(context);
        let options = certificates::apply(options.clone(), &directories, &self.registry)
            .map_err(|error| Doubt::unknown(format!("{:#}", anyhow!(error))))?;
        match check(&options, tls_policy, &self.registry, login) {
            Ok(Checked::Taken) => Ok(()),
            Ok(Checked::NotAsked) => Err(Doubt::unknown(
                "the registry lets everybody in, and was not shown the login",
            )),
            Err(error) => Err(Doubt {
                checked: if error.is_about_login() {
                    CheckedLogin::Refused
                } else {
                    CheckedLogin::Unknown
                },
                reason: format!("{:#}", anyhow!(error)),
            }),
        }
    }
}

fn of_helpers(calls: &[HelperCall], context: &Context) -> Result<Stored, Doubt> {
    for HelperCall { helper, key } in calls {
        let Some(name) = HelperName::parse(helper) else {
            continue;
        };
        let helper = Helper {
            limit: PATIENCE,
            ..Helper::new(name, context.helper_environment())
        };
        match helper.get(key) {
            Ok(Some(stored)) => return Ok(stored),
            Ok(None) => {}
            Err(error) => return Err(Doubt::unknown(error.to_string())),
        }
    }
    Err(Doubt::unknown("the credential helper has no login"))
}
