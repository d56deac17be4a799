#include "mail.h"

#include "mime.h"

namespace {

// Nested deeper, a part is kept as an attachment, undecoded.
constexpr int DEEPEST = 16;

struct Header {
    std::string name; // lower case
    std::string value; // unfolded
};

// One entity: its headers and the bytes behind them.
struct Entity {
    std::vector<Header> headers;
    std::string head;
    std::string body;

    std::string value(const std::string& name) const {
        for (const Header& header : headers)
            if (header.name == name) return header.value;
        return {};
    }
};

// The end of the line at `at`, without its break; `next` is where the next line begins.
size_t line_end(const std::string& raw, size_t at, size_t& next) {
    size_t newline = raw.find('\n', at);
    size_t end = newline == std::string::npos ? raw.size() : newline;
    next = newline == std::string::npos ? raw.size() : newline + 1;
    return end > at && raw[end - 1] == '\r' ? end - 1 : end;
}

Entity split(const std::string& raw) {
    Entity entity;
    size_t at = 0, next = 0;
    for (; at < raw.size(); at = next) {
        size_t end = line_end(raw, at, next);
        if (end == at) {
            entity.head = raw.substr(0, at);
            entity.body = raw.substr(next);
            return entity;
        }
        std::string line = raw.substr(at, end - at);
        if ((line[0] == ' ' || line[0] == '\t') && !entity.headers.empty()) {
            entity.headers.back().value += line;
            continue;
        }
        size_t colon = line.find(':');
        if (colon == std::string::npos || colon == 0) {
            // Not a header: the body begins without an empty line before it.
            entity.head = raw.substr(0, at);
            entity.body = raw.substr(at);
            return entity;
        }
        entity.headers.push_back({lower(trim(line.substr(0, colon))), line.substr(colon + 1)});
    }
    entity.head = raw;
    return entity;
}

std::string decode_body(const Entity& entity) {
    std::string encoding = lower(trim(entity.value("content-transfer-encoding")));
    if (encoding == "base64") return decode_base64(entity.body);
    if (encoding == "quoted-printable") return decode_quoted_printable(entity.body);
    return entity.body;
}

// The parts of a multipart body. The line break before a boundary belongs to the boundary.
std::vector<std::string> parts_of(const std::string& body, const std::string& boundary) {
    std::vector<std::string> parts;
    std::string mark = "--" + boundary;
    size_t start = std::string::npos, next = 0;
    for (size_t at = 0; at < body.size(); at = next) {
        size_t end = line_end(body, at, next);
        if (body.compare(at, mark.size(), mark) != 0) continue;
        std::string rest = trim(body.substr(at + mark.size(), end - at - mark.size()));
        if (!rest.empty() && rest != "--") continue;
        if (start != std::string::npos) {
            size_t stop = at;
            if (stop > start && body[stop - 1] == '\n') --stop;
            if (stop > start && body[stop - 1] == '\r') --stop;
            parts.push_back(body.substr(start, stop - start));
        }
        start = next;
        if (rest == "--") return parts;
    }
    // The closing boundary is missing: what is there counts.
    if (start != std::string::npos && start < body.size()) parts.push_back(body.substr(start));
    return parts;
}

void take_entity(Mail& mail, const Entity& entity, int depth) {
    std::string declared = entity.value("content-type");
    Parameterised type = parse_parameters(declared.empty() ? "text/plain" : declared);
    Parameterised disposition = parse_parameters(entity.value("content-disposition"));
    std::wstring boundary = type.parameter("boundary");
    if (type.value.compare(0, 10, "multipart/") == 0 && !boundary.empty() && depth < DEEPEST) {
        std::string mark(boundary.begin(), boundary.end());
        for (const std::string& part : parts_of(entity.body, mark)) take_entity(mail, split(part), depth + 1);
        return;
    }
    std::wstring filename = disposition.parameter("filename");
    if (filename.empty()) filename = type.parameter("name");
    bool attached = disposition.value == "attachment" || !filename.empty();
    std::wstring charset = type.parameter("charset");
    UINT codepage = codepage_of(std::string(charset.begin(), charset.end()));
    if (!attached && type.value == "text/plain" && !mail.text) {
        mail.text = decode_text(decode_body(entity), codepage);
        return;
    }
    if (!attached && type.value == "text/html" && !mail.html) {
        mail.html = decode_body(entity);
        mail.html_codepage = codepage;
        return;
    }
    Attachment attachment;
    attachment.filename = filename;
    attachment.mime_type.assign(type.value.begin(), type.value.end());
    std::string id = trim(entity.value("content-id"));
    if (id.size() > 2 && id.front() == '<' && id.back() == '>') id = id.substr(1, id.size() - 2);
    attachment.content_id = decode_text(id, CP_UTF8);
    attachment.data = decode_body(entity);
    attachment.message = type.value == "message/rfc822" && depth < DEEPEST;
    mail.attachments.push_back(std::move(attachment));
}

// A list of addresses: names, quoted strings, comments, groups.
std::vector<Mailbox> parse_addresses(const std::string& value) {
    std::vector<Mailbox> list;
    std::string words, angle, comment;
    bool has_angle = false;
    auto finish = [&] {
        std::string address = trim(has_angle ? angle : words);
        std::string name = trim(has_angle ? words : comment);
        if (name.empty() && has_angle) name = trim(comment);
        if (!address.empty()) {
            Mailbox box{decode_words(name), decode_text(address, CP_UTF8)};
            if (box.name.empty()) box.name = box.address;
            list.push_back(std::move(box));
        }
        words.clear(), angle.clear(), comment.clear();
        has_angle = false;
    };
    bool in_angle = false;
    for (size_t i = 0; i < value.size(); ++i) {
        char c = value[i];
        if (c == '"') {
            std::string& quoted = in_angle ? angle : words;
            for (++i; i < value.size() && value[i] != '"'; ++i) {
                if (value[i] == '\\' && i + 1 < value.size()) ++i;
                quoted.push_back(value[i]);
            }
        } else if (c == '(') {
            int depth = 1;
            for (++i; i < value.size(); ++i) {
                if (value[i] == '(') ++depth;
                if (value[i] == ')' && --depth == 0) break;
                comment.push_back(value[i]);
            }
        } else if (c == '<') {
            in_angle = has_angle = true;
        } else if (c == '>') {
            in_angle = false;
        } else if (in_angle) {
            angle.push_back(c);
        } else if (c == ':') {
            words.clear(); // the name of a group
        } else if (c == ',' || c == ';') {
            finish();
        } else {
            words.push_back(c);
        }
    }
    finish();
    return list;
}

// `Mon, 2 Jan 2006 15:04:05 +0100`, the day's name optional.
std::optional<FILETIME> parse_date(std::string text) {
    size_t comma = text.find(',');
    if (comma != std::string::npos) text = text.substr(comma + 1);
    char month[4] = {};
    char zone[6] = {};
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    if (sscanf(text.c_str(), "%d %3s %d %d:%d", &day, month, &year, &hour, &minute) != 5) return {};
    if (sscanf(text.c_str(), "%*d %*s %*d %*d:%*d:%d %5s", &second, zone) < 1)
        sscanf(text.c_str(), "%*d %*s %*d %*d:%*d %5s", zone);
    static const std::string months = "jan feb mar apr may jun jul aug sep oct nov dec ";
    size_t place = months.find(lower(month) + " ");
    if (place == std::string::npos) return {};
    if (year < 100) year += year < 50 ? 2000 : 1900;
    SYSTEMTIME parts = {};
    parts.wYear = static_cast<WORD>(year);
    parts.wMonth = static_cast<WORD>(place / 4 + 1);
    parts.wDay = static_cast<WORD>(day);
    parts.wHour = static_cast<WORD>(hour);
    parts.wMinute = static_cast<WORD>(minute);
    parts.wSecond = static_cast<WORD>(second);
    FILETIME time = {};
    if (!SystemTimeToFileTime(&parts, &time)) return {};
    int offset = 0;
    if ((zone[0] == '+' || zone[0] == '-') && sscanf(zone + 1, "%4d", &offset) == 1) {
        int minutes = offset / 100 * 60 + offset % 100;
        ULARGE_INTEGER ticks;
        ticks.LowPart = time.dwLowDateTime;
        ticks.HighPart = time.dwHighDateTime;
        // A FILETIME counts tenths of a microsecond.
        ticks.QuadPart += static_cast<LONGLONG>(zone[0] == '+' ? -minutes : minutes) * 60 * 10'000'000;
        time.dwLowDateTime = ticks.LowPart;
        time.dwHighDateTime = ticks.HighPart;
    }
    return time;
}

std::optional<Mailbox> first(std::vector<Mailbox> list) {
    if (list.empty()) return {};
    return std::move(list.front());
}

} // namespace

std::optional<Mail> parse_mail(const std::string& raw) {
    Entity entity = split(raw);
    if (entity.headers.empty()) return {};
    Mail mail;
    mail.headers = decode_text(entity.head, CP_UTF8);
    mail.from = first(parse_addresses(entity.value("from")));
    mail.sender = first(parse_addresses(entity.value("sender")));
    for (const Header& header : entity.headers) {
        std::vector<Mailbox>* list = header.name == "to"    ? &mail.to
                                     : header.name == "cc"  ? &mail.cc
                                     : header.name == "bcc" ? &mail.bcc
                                                            : nullptr;
        if (!list) continue;
        for (Mailbox& box : parse_addresses(header.value)) list->push_back(std::move(box));
    }
    mail.subject = decode_words(trim(entity.value("subject")));
    mail.message_id = decode_text(trim(entity.value("message-id")), CP_UTF8);
    mail.date = parse_date(entity.value("date"));
    mail.encapsulated = decode_base64(entity.value("x-tnef"));
    take_entity(mail, entity, 0);
    return mail;
}

FILETIME now() {
    FILETIME time;
    GetSystemTimeAsFileTime(&time);
    return time;
}
