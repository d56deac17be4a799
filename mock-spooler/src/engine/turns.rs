//! The spooler's turns: what one transport has to do never keeps another from its own.
//!
//! The policy, fixed and visible in the trace: after each thing that the spooler does for one transport - a message fetched, a
//! message handed over, a pause that it waits out - every other transport of the session has one turn, in profile order. A
//! turn is at most one Idle (where the transport asked for it), one Poll (where it is polled), and one StartMessage, where mail
//! is announced. However often a transport notifies, it gets one message a turn. The transport that a step is about is served by
//! that step itself. Page: message-reception-model.

use crate::engine::foreign::Foreign;
use crate::engine::run::Engine;

impl Engine<'_> {
    /// One turn for each transport of ours.
    pub(super) fn turn_of_others(&mut self) {
        for name in &self.order {
            if let Some(foreign) = self.foreign.get_mut(name) {
                turn(foreign);
            }
        }
    }
}

fn turn(foreign: &mut Foreign) {
    if foreign.idle {
        foreign.idle();
    }
    let (inbound, announced) = {
        let mut requests = foreign.queue.lock();
        (requests.inbound, std::mem::take(&mut requests.new_mail))
    };
    if inbound && (announced || foreign.polled && foreign.poll()) {
        foreign.start_message();
    }
}
