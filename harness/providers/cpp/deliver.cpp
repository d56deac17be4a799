#include "deliver.h"

#include "mime.h"
#include "utilities.h"

#include <algorithm>

namespace {

// Written to a stream at once.
constexpr size_t CHUNK = 16 * 1024;

// An embedded message within an embedded message ... : deeper ones stay bytes.
constexpr int DEEPEST = 8;

void fill(Transfer& transfer, IMessage* message, const Mail& mail, int depth);

void set(Transfer& transfer, IMAPIProp* object, Props& props) {
    transfer.step();
    check(object->SetProps(props.count(), props.values(), nullptr));
}

// The five properties of one party; the tags are those of PR_SENDER or PR_SENT_REPRESENTING.
struct PartyTags {
    ULONG name, type, address, entry_id, search_key;
};
constexpr PartyTags SENDER = {PR_SENDER_NAME_W, PR_SENDER_ADDRTYPE_W, PR_SENDER_EMAIL_ADDRESS_W, PR_SENDER_ENTRYID,
                              PR_SENDER_SEARCH_KEY};
constexpr PartyTags REPRESENTED = {PR_SENT_REPRESENTING_NAME_W, PR_SENT_REPRESENTING_ADDRTYPE_W,
                                   PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, PR_SENT_REPRESENTING_ENTRYID,
                                   PR_SENT_REPRESENTING_SEARCH_KEY};
constexpr PartyTags RECIPIENT = {PR_DISPLAY_NAME_W, PR_ADDRTYPE_W, PR_EMAIL_ADDRESS_W, PR_ENTRYID, PR_SEARCH_KEY};

void add_party(Transfer& transfer, Props& props, const PartyTags& tags, const Mailbox& box) {
    const std::wstring& type = transfer.settings().wide_type;
    props.text(tags.name, box.name);
    props.text(tags.type, type);
    props.text(tags.address, box.address);
    props.binary(tags.entry_id, transfer.entry_id(box.name, box.address));
    props.binary(tags.search_key, search_key(type, box.address));
}

void write_data(Transfer& transfer, IAttach* attach, const std::string& data) {
    transfer.step();
    Ref<IStream> stream;
    check(attach->OpenProperty(PR_ATTACH_DATA_BIN, &IID_IStream, 0, MAPI_CREATE | MAPI_MODIFY, stream.out_unknown()));
    for (size_t at = 0; at < data.size();) {
        transfer.step();
        ULONG written = 0;
        ULONG size = static_cast<ULONG>(std::min(CHUNK, data.size() - at));
        check(stream->Write(data.data() + at, size, &written));
        if (written == 0) throw Failure{MAPI_E_NOT_ENOUGH_DISK};
        at += written;
        transfer.moved(written);
    }
    transfer.step();
    check(stream->Commit(STGC_DEFAULT));
}

void attach(Transfer& transfer, IMessage* message, const Attachment& attachment, int depth) {
    std::optional<Mail> inner;
    if (attachment.message && depth < DEEPEST) inner = parse_mail(attachment.data);
    std::wstring name = attachment.filename;
    if (name.empty() && inner) name = inner->subject;

    transfer.step();
    ULONG number = 0;
    Ref<IAttach> object;
    check(message->CreateAttach(nullptr, 0, &number, object.out()));
    Props props;
    props.number(PR_ATTACH_METHOD, inner ? ATTACH_EMBEDDED_MSG : ATTACH_BY_VALUE);
    props.number(PR_RENDERING_POSITION, -1);
    if (!name.empty()) props.text(PR_DISPLAY_NAME_W, name);
    if (!attachment.filename.empty()) {
        props.text(PR_ATTACH_FILENAME_W, attachment.filename);
        props.text(PR_ATTACH_LONG_FILENAME_W, attachment.filename);
    }
    if (!attachment.mime_type.empty()) props.text(PR_ATTACH_MIME_TAG_W, attachment.mime_type);
    if (!attachment.content_id.empty()) props.text(TAG_ATTACH_CONTENT_ID_W, attachment.content_id);
    set(transfer, object.get(), props);
    if (inner) {
        transfer.step();
        Ref<IMessage> embedded;
        check(object->OpenProperty(PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, MAPI_CREATE | MAPI_MODIFY,
                                   embedded.out_unknown()));
        fill(transfer, embedded.get(), *inner, depth + 1);
        transfer.step();
        check(embedded->SaveChanges(0));
    } else {
        write_data(transfer, object.get(), attachment.data);
    }
    transfer.step();
    check(object->SaveChanges(0));
}

void add_recipients(Transfer& transfer, IMessage* message, const Mail& mail) {
    size_t total = mail.to.size() + mail.cc.size() + mail.bcc.size();
    if (total == 0) return;
    AddressList list(transfer.memory(), total);
    auto add = [&](LONG kind, const std::vector<Mailbox>& boxes) {
        for (const Mailbox& box : boxes) {
            Props row;
            row.number(PR_RECIPIENT_TYPE, kind);
            add_party(transfer, row, RECIPIENT, box);
            list.add(row);
        }
    };
    add(MAPI_TO, mail.to);
    add(MAPI_CC, mail.cc);
    add(MAPI_BCC, mail.bcc);
    transfer.step();
    check(message->ModifyRecipients(MODRECIP_ADD, list.get()));
}

void fill(Transfer& transfer, IMessage* message, const Mail& mail, int depth) {
    Props props;
#ifdef USES_MAPI32
    Props kind;
    kind.text(PR_MESSAGE_CLASS_W, L"IPM.Note");
    transfer.step();
    check(HrSetOneProp(message, kind.values()));
#else
    props.text(PR_MESSAGE_CLASS_W, L"IPM.Note");
#endif
    props.text(PR_SUBJECT_W, mail.subject);
    if (mail.text) props.text(PR_BODY_W, *mail.text);
    if (mail.html) {
        props.binary(TAG_HTML, *mail.html);
        props.number(TAG_INTERNET_CPID, static_cast<LONG>(mail.html_codepage));
    }
    props.text(PR_TRANSPORT_MESSAGE_HEADERS_W, mail.headers);
    if (!mail.message_id.empty()) props.text(TAG_INTERNET_MESSAGE_ID_W, mail.message_id);
    if (mail.date) props.time(PR_CLIENT_SUBMIT_TIME, *mail.date);
    props.time(PR_MESSAGE_DELIVERY_TIME, now());
    const std::optional<Mailbox>& sender = mail.sender ? mail.sender : mail.from;
    if (sender) add_party(transfer, props, SENDER, *sender);
    if (mail.from) add_party(transfer, props, REPRESENTED, *mail.from);
    set(transfer, message, props);
#ifdef USES_MAPI32
    if (!mail.encapsulated.empty()) unpack(transfer, message, mail.encapsulated);
#endif
    add_recipients(transfer, message, mail);
    for (const Attachment& attachment : mail.attachments) attach(transfer, message, attachment, depth);
}

} // namespace

void deliver_mail(Transfer& transfer, IMessage* message, const Mail& mail) { fill(transfer, message, mail, 0); }
