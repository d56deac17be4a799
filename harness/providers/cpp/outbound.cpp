// Mail that goes out: SubmitMessage and EndMessage.
#include "session.h"

#include "collect.h"
#include "maildrop.h"
#include "utilities.h"

namespace {

// When a message that could not be written is to be tried again.
constexpr ULONG RETRY_SECONDS = 30;

// PR_NDR_REASON_CODE, "the transfer is impossible"; not in the public headers of MinGW-w64.
constexpr LONG NDR_IMPOSSIBLE = 1;

// The local part that stands for an unknown recipient.
constexpr wchar_t NOBODY[] = L"nobody@";

bool deliverable(const Recipient& recipient) { return recipient.address.compare(0, wcslen(NOBODY), NOBODY) != 0; }

// Sets the PR_SENDER group to the identity logged on, and what the client left open.
void sign(Transfer& transfer, IMessage* message, Props& identity, const Mail& mail) {
    struct Pair {
        ULONG from, sender, represented;
    };
    static const Pair pairs[] = {
        {PR_IDENTITY_DISPLAY_W, PR_SENDER_NAME_W, PR_SENT_REPRESENTING_NAME_W},
        {PR_IDENTITY_ENTRYID, PR_SENDER_ENTRYID, PR_SENT_REPRESENTING_ENTRYID},
        {PR_IDENTITY_SEARCH_KEY, PR_SENDER_SEARCH_KEY, PR_SENT_REPRESENTING_SEARCH_KEY},
    };
    Props props;
    auto add = [&](ULONG sender, ULONG represented, SPropValue value) {
        value.ulPropTag = sender;
        props.copy_of(value);
        value.ulPropTag = represented;
        if (!mail.from) props.copy_of(value);
    };
    for (const Pair& pair : pairs)
        add(pair.sender, pair.represented, *find(identity.values(), identity.count(), pair.from));
    Props address;
    address.text(PR_SENDER_ADDRTYPE_W, transfer.settings().wide_type);
    address.text(PR_SENDER_EMAIL_ADDRESS_W, transfer.settings().address);
    add(PR_SENDER_ADDRTYPE_W, PR_SENT_REPRESENTING_ADDRTYPE_W, address.values()[0]);
    add(PR_SENDER_EMAIL_ADDRESS_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, address.values()[1]);
    if (!mail.date) props.time(PR_CLIENT_SUBMIT_TIME, now());
    props.time(PR_PROVIDER_SUBMIT_TIME, now());
    transfer.step();
    check(message->SetProps(props.count(), props.values(), nullptr));
}

// A row of a report: who it is about, and what became of the message.
Props report_row(const Recipient& recipient, bool served) {
    Props row;
    const SRow& known = *recipient.row;
    for (ULONG i = 0; i < known.cValues; ++i) {
        switch (PROP_ID(known.lpProps[i].ulPropTag)) {
        case PROP_ID(PR_RECIPIENT_TYPE):
        case PROP_ID(PR_DISPLAY_NAME):
        case PROP_ID(PR_ADDRTYPE):
        case PROP_ID(PR_EMAIL_ADDRESS):
        case PROP_ID(PR_ENTRYID):
        case PROP_ID(PR_SEARCH_KEY): row.copy_of(known.lpProps[i]);
        }
    }
    row.time(PR_REPORT_TIME, now());
    if (served) {
        row.time(PR_DELIVER_TIME, now());
    } else {
        row.number(PR_NDR_REASON_CODE, NDR_IMPOSSIBLE);
        row.number(PR_NDR_DIAG_CODE, MAPI_DIAG_OR_NAME_UNRECOGNIZED);
        row.text(PR_REPORT_TEXT_W, L"There is nobody of this name here.");
    }
    return row;
}

// The recipient's whole row with PR_RESPONSIBILITY TRUE, moved into `list`: ModifyRecipients replaces whole rows.
void add_marked(AddressList& list, const Recipient& recipient) {
    SRow& row = *recipient.row;
    ULONG kept = 0;
    bool marked = false;
    for (ULONG i = 0; i < row.cValues; ++i) {
        SPropValue value = row.lpProps[i];
        if (PROP_ID(value.ulPropTag) == PROP_ID(PR_RESPONSIBILITY)) {
            value.ulPropTag = PR_RESPONSIBILITY;
            value.Value.b = TRUE;
            marked = true;
        }
        // ERROR stands for a column without a value.
        if (PROP_TYPE(value.ulPropTag) != PT_ERROR) row.lpProps[kept++] = value;
    }
    if (!marked) throw Failure{MAPI_E_CORRUPT_DATA};
    list.add(kept, std::exchange(row.lpProps, nullptr));
    row.cValues = 0;
}

} // namespace

HRESULT Session::submit_message(IMessage* message, ULONG* reference, ULONG* seconds) {
    Use use(*this);
    IMAPISupport* support = use.support();
    std::shared_ptr<InProcess> process = begin(false, reference);
    HRESULT result = guarded([&] {
        Transfer transfer(*this, support, process);
        try {
            return send(message, transfer);
        } catch (const Failure& failure) {
            // These say that nothing has been processed; from a callback they do not mean that.
            HRESULT code = failure.code;
            if (code == MAPI_E_BUSY || code == MAPI_E_NOT_ME || code == MAPI_E_CANCEL) code = MAPI_E_CALL_FAILED;
            return code;
        }
    });
    Hold hold(lock_);
    process->running = false;
    if (FAILED(result)) {
        messages_.erase(process->reference);
        *reference = 0;
        if (result == MAPI_E_WAIT || result == MAPI_E_NETWORK_ERROR) *seconds = RETRY_SECONDS;
    }
    return result;
}

HRESULT Session::send(IMessage* message, Transfer& transfer) {
    {
        Hold hold(lock_);
        if (!outbound_ && !outbound_flush_) return MAPI_E_BUSY;
    }
    if (offline_) return MAPI_E_NETWORK_ERROR;
    Recipients recipients(transfer, message);
    std::vector<const Recipient*> own;
    std::vector<std::wstring> envelope;
    for (const Recipient& recipient : recipients.all()) {
        if (recipient.responsible || recipient.type != settings_.wide_type) continue;
        own.push_back(&recipient);
        if (deliverable(recipient)) envelope.push_back(recipient.address);
    }
    if (own.empty()) return MAPI_E_NOT_ME;

    bool report_wanted = false;
    Mail mail = collect_mail(transfer, message, recipients, report_wanted);
    Props identity = status_columns(true);
    sign(transfer, message, identity, mail);
    mail.sender = Mailbox{settings_.address, settings_.address};
#ifdef USES_MAPI32
    mail.encapsulated = encapsulate(transfer, message);
#endif
    if (!mail.from) mail.from = mail.sender;
    if (!mail.date) mail.date = now();

    std::optional<Outgoing> outgoing;
    if (!envelope.empty()) outgoing.emplace(settings_.outbox, compose_mail(mail, envelope));
    AddressList report(transfer.memory(), own.size());
    AddressList marked(transfer.memory(), own.size());
    for (const Recipient* recipient : own) {
        bool served = deliverable(*recipient);
        if (!served || report_wanted) report.add(report_row(*recipient, served));
    }
    for (const Recipient* recipient : own) add_marked(marked, *recipient);

    // The last step that a cancellation can stop. First what can be taken back - an error makes the spooler drop the
    // marks with the message - then the report, then the renaming that sends.
    transfer.step();
    check(message->ModifyRecipients(MODRECIP_MODIFY, marked.get()));
    if (!report.empty()) {
        if (closed()) throw Failure{MAPI_E_USER_CANCEL};
        check(transfer.support()->StatusRecips(message, report.get()));
        report.give_up();
    }
    if (outgoing) outgoing->finish();
    return S_OK;
}

// A reference that names no message is no error: this is the only answer that the page has.
HRESULT Session::end_message(ULONG reference) {
    Hold hold(lock_);
    if (closed_) return MAPI_E_INVALID_OBJECT;
    auto found = messages_.find(reference);
    if (found != messages_.end() && !found->second->inbound) messages_.erase(found);
    return S_OK;
}
