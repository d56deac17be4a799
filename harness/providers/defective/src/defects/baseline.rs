//! Baselines: providers that are no providers. A suite that lets one of them pass is none.

use std::io::Write as _;

use mapi_spi::HRESULT;

use super::Defect;
use crate::boundary::Side;
use crate::hooks::{Flow, Hooks};

pub(super) const DEFECTS: &[Defect] = &[
    ("baseline-ok", || answers(HRESULT::S_OK)),
    ("baseline-no-support", || answers(HRESULT::MAPI_E_NO_SUPPORT)),
    ("hang", hang),
    ("exit", exit),
    ("stack-overflow", stack_overflow),
    ("runaway-allocation", runaway_allocation),
    ("panic", panics),
    ("noise", noise),
    ("no-defect", Hooks::default),
    ("no-defect-pair", Hooks::default),
    ("baseline-ok-store", || answers(HRESULT::S_OK)),
    ("baseline-no-support-store", || answers(HRESULT::MAPI_E_NO_SUPPORT)),
];

const START: &str = "IXPLogon.StartMessage";

/// Crashes at an entry point, `TransportLogon` or `Poll` or `Release`; nothing where there is none of the name.
pub(super) fn crash_at(method: &str) -> Option<Hooks> {
    const ENTRY_POINTS: &[&str] = &[
        "XPProviderInit",
        "IXPProvider.Shutdown",
        "IXPProvider.TransportLogon",
        "IXPLogon.AddressTypes",
        "IXPLogon.RegisterOptions",
        "IXPLogon.TransportNotify",
        "IXPLogon.Idle",
        "IXPLogon.TransportLogoff",
        "IXPLogon.SubmitMessage",
        "IXPLogon.EndMessage",
        "IXPLogon.Poll",
        "IXPLogon.StartMessage",
        "IXPLogon.OpenStatusEntry",
        "IXPLogon.ValidateState",
        "IXPLogon.FlushQueues",
        "IXPLogon.Release",
        "IXPProvider.Release",
        "IMAPIStatus.ValidateState",
        "IMAPIStatus.GetProps",
        "MSProviderInit",
        "IMSProvider.Shutdown",
        "IMSProvider.Logon",
        "IMSProvider.SpoolerLogon",
        "IMSProvider.CompareStoreIDs",
        "IMSLogon.Logoff",
        "IMsgStore.OpenEntry",
        "IMsgStore.GetReceiveFolder",
        "IMsgStore.GetOutgoingQueue",
        "IMsgStore.SetLockState",
        "IMsgStore.FinishedMsg",
        "IMsgStore.NotifyNewMail",
        "IMsgStore.AbortSubmit",
        "IMsgStore.StoreLogoff",
        "IMessage.SubmitMessage",
        "IMAPIFolder.CreateMessage",
        "IMAPITable.SetColumns",
    ];
    let name = ENTRY_POINTS.iter().find(|name| **name == method || name.ends_with(&format!(".{method}")))?;
    Some(Hooks::default().before(name, |_| super::tools::crash()))
}

/// The same answer to every call of the spooler's that has one; outputs are left alone, but there is a logon object.
fn answers(code: HRESULT) -> Hooks {
    Hooks::default().decide("*", move |call| {
        let asked = call.proxy().is_some_and(|proxy| proxy.side() == Side::Provider);
        let logs_on = matches!(call.method(), "TransportLogon" | "Logon" | "SpoolerLogon");
        let needed = logs_on || matches!(call.method(), "AddRef" | "Release" | "QueryInterface");
        if !asked || (needed && (code == HRESULT::S_OK || !logs_on)) {
            return Flow::Forward;
        }
        call.answer(code);
        Flow::Answered
    })
}

fn hang() -> Hooks {
    Hooks::default().before(START, |_| {
        loop {
            std::thread::park();
        }
    })
}

fn exit() -> Hooks {
    Hooks::default().before(START, |_| std::process::exit(0))
}

fn stack_overflow() -> Hooks {
    Hooks::default().before(START, |_| {
        overflow(1);
    })
}

#[allow(unconditional_recursion, reason = "that is the defect")]
fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 512]);
    let deeper = overflow(frame[depth as usize % 512] + 1);
    deeper + std::hint::black_box(frame)[0]
}

fn runaway_allocation() -> Hooks {
    Hooks::default().before(START, |_| {
        let mut all = Vec::new();
        loop {
            all.push(std::hint::black_box(vec![1_u8; 64 << 20]));
        }
    })
}

/// A panic that crosses the boundary ends the process.
fn panics() -> Hooks {
    Hooks::default().before(START, |_| panic!("the defect of this name"))
}

/// Eight megabytes on standard output, and some of what a trace looks like. No requirement forbids it: all else has to
/// be judged as without it.
fn noise() -> Hooks {
    Hooks::default().before(START, |_| {
        let line = b"{\"n\":1,\"t\":0,\"th\":0,\"ev\":\"end\"}\n".repeat(256 << 10);
        let mut out = std::io::stdout().lock();
        drop(out.write_all(&line).and_then(|()| out.flush()));
    })
}
