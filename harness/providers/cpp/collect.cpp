#include "collect.h"

#include "mime.h"

namespace {

constexpr LONG BATCH = 50; // rows asked for at once
constexpr int DEEPEST = 8; // embedded messages

template <ULONG N>
struct Tags {
    ULONG count = N;
    ULONG tags[N];
    LPSPropTagArray get() { return reinterpret_cast<LPSPropTagArray>(this); }
};

// The properties asked for, of one object.
class Values {
public:
    Values(Transfer& transfer, IMAPIProp* object, LPSPropTagArray tags)
        : transfer_(transfer), object_(object), values_(transfer.memory()) {
        transfer.step();
        check(object->GetProps(tags, MAPI_UNICODE, &count_, values_.out()));
    }
    const SPropValue* get(ULONG tag) const { return find(values_.get(), count_, tag); }
    std::wstring text(ULONG tag) const { return text_of(values_.get(), count_, tag); }
    LONG number(ULONG tag, LONG otherwise) const { return number_of(values_.get(), count_, tag, otherwise); }
    // The bytes of a binary or wide text property, however large; nothing where there is none.
    std::optional<std::string> bytes(ULONG tag) const;

private:
    Transfer& transfer_;
    IMAPIProp* object_;
    ULONG count_ = 0;
    Block<SPropValue> values_;
};

std::string read_stream(Transfer& transfer, IMAPIProp* object, ULONG tag) {
    transfer.step();
    Ref<IStream> stream;
    check(object->OpenProperty(tag, &IID_IStream, 0, 0, stream.out_unknown()));
    std::string content;
    char chunk[16 * 1024];
    ULONG got = 0;
    do {
        transfer.step();
        check(stream->Read(chunk, sizeof chunk, &got));
        content.append(chunk, got);
        transfer.moved(got);
    } while (got > 0);
    return content;
}

std::optional<std::string> Values::bytes(ULONG tag) const {
    if (const SPropValue* value = get(tag)) {
        if (PROP_TYPE(tag) == PT_BINARY)
            return std::string(reinterpret_cast<const char*>(value->Value.bin.lpb), value->Value.bin.cb);
        const wchar_t* text = value->Value.lpszW;
        return std::string(reinterpret_cast<const char*>(text), wcslen(text) * sizeof(wchar_t));
    }
    const SPropValue* missing = get(CHANGE_PROP_TYPE(tag, PT_ERROR));
    // Too large for GetProps.
    if (missing && missing->Value.err == MAPI_E_NOT_ENOUGH_MEMORY) return read_stream(transfer_, object_, tag);
    return {};
}

std::optional<std::wstring> wide(const std::optional<std::string>& bytes) {
    if (!bytes) return {};
    return std::wstring(reinterpret_cast<const wchar_t*>(bytes->data()), bytes->size() / sizeof(wchar_t));
}

Mail collect(Transfer& transfer, IMessage* message, const Recipients& recipients, bool& report_wanted, int depth);

std::optional<Attachment> collect_attachment(Transfer& transfer, IMessage* message, ULONG number, int depth) {
    transfer.step();
    Ref<IAttach> object;
    check(message->OpenAttach(number, nullptr, 0, object.out()));
    Tags<6> tags = {6, {PR_ATTACH_METHOD, PR_ATTACH_LONG_FILENAME_W, PR_ATTACH_FILENAME_W, PR_ATTACH_MIME_TAG_W,
                        TAG_ATTACH_CONTENT_ID_W, PR_ATTACH_DATA_BIN}};
    Values values(transfer, object.get(), tags.get());
    Attachment attachment;
    attachment.filename = values.text(PR_ATTACH_LONG_FILENAME_W);
    if (attachment.filename.empty()) attachment.filename = values.text(PR_ATTACH_FILENAME_W);
    attachment.mime_type = values.text(PR_ATTACH_MIME_TAG_W);
    attachment.content_id = values.text(TAG_ATTACH_CONTENT_ID_W);
    switch (values.number(PR_ATTACH_METHOD, ATTACH_BY_VALUE)) {
    case ATTACH_BY_VALUE:
        attachment.data = values.bytes(PR_ATTACH_DATA_BIN).value_or("");
        return attachment;
    case ATTACH_EMBEDDED_MSG: {
        if (depth >= DEEPEST) throw Failure{MAPI_E_TOO_COMPLEX};
        transfer.step();
        Ref<IMessage> embedded;
        check(object->OpenProperty(PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, embedded.out_unknown()));
        Recipients recipients(transfer, embedded.get());
        bool ignored = false;
        attachment.data = compose_mail(collect(transfer, embedded.get(), recipients, ignored, depth + 1), {});
        attachment.message = true;
        return attachment;
    }
    // References to files, and OLE objects, mean nothing to who gets the mail.
    default: return {};
    }
}

std::vector<ULONG> attachment_numbers(Transfer& transfer, IMessage* message) {
    transfer.step();
    Ref<IMAPITable> table;
    check(message->GetAttachmentTable(0, table.out()));
    Tags<1> tags = {1, {PR_ATTACH_NUM}};
    transfer.step();
#ifdef USES_MAPI32
    Rows all(transfer.memory());
    check(HrQueryAllRows(table.get(), tags.get(), nullptr, nullptr, 0, all.out()));
    std::vector<ULONG> every;
    for (ULONG i = 0; i < all.count(); ++i)
        if (const SPropValue* number = find(all[i].lpProps, all[i].cValues, PR_ATTACH_NUM))
            every.push_back(static_cast<ULONG>(number->Value.l));
    return every;
#else
    check(table->SetColumns(tags.get(), 0));
    std::vector<ULONG> numbers;
    for (;;) {
        Rows rows(transfer.memory());
        transfer.step();
        check(table->QueryRows(BATCH, 0, rows.out()));
        if (rows.count() == 0) return numbers;
        for (ULONG i = 0; i < rows.count(); ++i)
            if (const SPropValue* number = find(rows[i].lpProps, rows[i].cValues, PR_ATTACH_NUM))
                numbers.push_back(static_cast<ULONG>(number->Value.l));
    }
#endif
}

Mail collect(Transfer& transfer, IMessage* message, const Recipients& recipients, bool& report_wanted, int depth) {
    Tags<9> tags = {9, {PR_SUBJECT_W, PR_BODY_W, TAG_HTML, TAG_INTERNET_CPID, PR_CLIENT_SUBMIT_TIME,
                        PR_SENT_REPRESENTING_NAME_W, PR_SENT_REPRESENTING_EMAIL_ADDRESS_W, TAG_INTERNET_MESSAGE_ID_W,
                        PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED}};
    Values values(transfer, message, tags.get());
    Mail mail;
    mail.subject = values.text(PR_SUBJECT_W);
    mail.message_id = values.text(TAG_INTERNET_MESSAGE_ID_W);
    mail.text = wide(values.bytes(PR_BODY_W));
    mail.html = values.bytes(TAG_HTML);
    mail.html_codepage = static_cast<UINT>(values.number(TAG_INTERNET_CPID, CP_UTF8));
    if (const SPropValue* time = values.get(PR_CLIENT_SUBMIT_TIME)) mail.date = time->Value.ft;
    std::wstring address = values.text(PR_SENT_REPRESENTING_EMAIL_ADDRESS_W);
    if (!address.empty()) mail.from = Mailbox{values.text(PR_SENT_REPRESENTING_NAME_W), address};
    report_wanted = values.number(PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, 0);
    for (const Recipient& recipient : recipients.all()) {
        if (recipient.p1) continue;
        if (recipient.kind == MAPI_TO) mail.to.push_back({recipient.name, recipient.address});
        if (recipient.kind == MAPI_CC) mail.cc.push_back({recipient.name, recipient.address});
    }
    for (ULONG number : attachment_numbers(transfer, message)) {
        std::optional<Attachment> attachment = collect_attachment(transfer, message, number, depth);
        if (attachment) mail.attachments.push_back(std::move(*attachment));
    }
    return mail;
}

} // namespace

Recipients::Recipients(Transfer& transfer, IMessage* message) {
    transfer.step();
    Ref<IMAPITable> table;
    check(message->GetRecipientTable(MAPI_UNICODE, table.out()));
    // All columns there are: a row that is modified later has to be written back whole. And these in any case.
    Block<SPropTagArray> every(transfer.memory());
    transfer.step();
    check(table->QueryColumns(TBL_ALL_COLUMNS, every.out()));
    std::vector<ULONG> columns = {0};
    auto add = [&](ULONG tag) {
        for (size_t i = 1; i < columns.size(); ++i)
            if (PROP_ID(columns[i]) == PROP_ID(tag)) return;
        if (PROP_TYPE(tag) != PT_OBJECT && PROP_TYPE(tag) != PT_NULL) columns.push_back(tag);
    };
    for (ULONG i = 0; i < every->cValues; ++i) add(every->aulPropTag[i]);
    for (ULONG tag : {PR_ROWID, PR_RECIPIENT_TYPE, PR_RESPONSIBILITY}) add(tag);
    for (ULONG tag : {PR_ADDRTYPE_W, PR_EMAIL_ADDRESS_W, PR_DISPLAY_NAME_W}) add(tag);
    columns[0] = static_cast<ULONG>(columns.size() - 1);
    transfer.step();
    check(table->SetColumns(reinterpret_cast<LPSPropTagArray>(columns.data()), 0));
    for (;;) {
        Rows& rows = rows_.emplace_back(transfer.memory());
        transfer.step();
        check(table->QueryRows(BATCH, 0, rows.out()));
        if (rows.count() == 0) return;
        for (ULONG i = 0; i < rows.count(); ++i) {
            SRow& row = rows[i];
            Recipient recipient;
            LONG kind = number_of(row.lpProps, row.cValues, PR_RECIPIENT_TYPE, MAPI_TO);
            recipient.kind = kind & 0xF;
            recipient.p1 = kind & MAPI_P1;
            recipient.responsible = number_of(row.lpProps, row.cValues, PR_RESPONSIBILITY, 0);
            recipient.type = text_of(row.lpProps, row.cValues, PR_ADDRTYPE);
            recipient.address = text_of(row.lpProps, row.cValues, PR_EMAIL_ADDRESS);
            recipient.name = text_of(row.lpProps, row.cValues, PR_DISPLAY_NAME);
            recipient.row = &row;
            recipients_.push_back(std::move(recipient));
        }
    }
}

Mail collect_mail(Transfer& transfer, IMessage* message, const Recipients& recipients, bool& report_wanted) {
    return collect(transfer, message, recipients, report_wanted, 0);
}
