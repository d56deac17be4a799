//! OPTS: IXPLogon::RegisterOptions.

use crate::judge::rule::{Context, Rule, Verdicts};
use crate::judge::values::{is_null, number_of};

pub(super) const RULES: &[Rule] = &[Rule { id: "OPTS-01", check: outputs }];

/// Page `optional-transport-provider-features`: options are a choice, an answer is not.
fn outputs(context: &Context<'_>, verdicts: &mut Verdicts) {
    let model = &context.model;
    for call in model.calls.spooler("IXPLogon.RegisterOptions").map(|index| model.calls.at(index)) {
        let Some(ret) = call.ret.as_ref().filter(|_| call.succeeded()) else { continue };
        for output in ["lpcOptions", "lppOptions"] {
            verdicts
                .holds(!ret.left(output), ret.n, format!("*{output} is written"), || "it was not".to_owned());
        }
        let count = number_of(ret.out, "lpcOptions").unwrap_or(0);
        verdicts.holds(
            count == 0 || ret.left("lppOptions") || !is_null(ret.out, "lppOptions"),
            ret.n,
            "*lpcOptions counts *lppOptions",
            || format!("a count of {count} and no array"),
        );
    }
}
