//! The stores for secrets as the commands see them.

use crate::cli::context::Context;
use crate::cli::logins;
use crate::stores::{Machine, Stores, rules};

/// The stores of this run.
pub(crate) fn stores(context: &Context) -> Stores {
    Stores {
        product: context.command.name().to_owned(),
        record: context.paths.stores(),
        rules: rules::file(context.paths.sysconfdir()),
        machine: Machine::this(),
        environment: logins::helper_environment(context),
    }
}
