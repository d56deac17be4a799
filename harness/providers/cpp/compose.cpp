#include "mail.h"

#include "mime.h"
#include "props.h"

namespace {

// What a value of a header must not hold: a line break would begin a header of its own.
std::wstring one_line(std::wstring text) {
    for (wchar_t& c : text)
        if (c == L'\r' || c == L'\n') c = L' ';
    return text;
}

std::string format(const Mailbox& box) {
    std::string address = "<" + narrow(one_line(box.address)) + ">";
    if (box.name.empty() || box.name == box.address) return address;
    std::string name = encode_word(one_line(box.name));
    if (name.compare(0, 2, "=?") == 0) return name + " " + address;
    std::string quoted = "\"";
    for (char c : name) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    return quoted + "\" " + address;
}

void add_list(std::string& head, const char* name, const std::vector<Mailbox>& list) {
    if (list.empty()) return;
    head += std::string(name) + ": ";
    for (size_t i = 0; i < list.size(); ++i) head += (i ? ",\r\n " : "") + format(list[i]);
    head += "\r\n";
}

std::string format_date(FILETIME time) {
    static const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    SYSTEMTIME parts;
    if (!FileTimeToSystemTime(&time, &parts)) return {};
    char text[64];
    snprintf(text, sizeof text, "%s, %d %s %d %02d:%02d:%02d +0000", days[parts.wDayOfWeek], parts.wDay,
             months[parts.wMonth - 1], parts.wYear, parts.wHour, parts.wMinute, parts.wSecond);
    return text;
}

std::string base64_lines(const std::string& bytes) {
    std::string text = encode_base64(bytes), lines;
    for (size_t i = 0; i < text.size(); i += 76) lines += text.substr(i, 76) + "\r\n";
    return lines;
}

// Only what every mail system carries unchanged goes out as it is.
bool plain(const std::string& bytes) {
    size_t column = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
        unsigned char c = static_cast<unsigned char>(bytes[i]);
        if (c == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') {
            column = 0;
            ++i;
        } else if ((c < 0x20 && c != '\t') || c >= 0x7F || ++column > 900) {
            return false;
        }
    }
    return true;
}

// One part: its headers, the empty line, its body.
std::string text_part(const char* subtype, const std::string& bytes, const std::string& charset) {
    std::string head = std::string("Content-Type: text/") + subtype + "; charset=" + charset + "\r\n";
    if (plain(bytes)) return head + "Content-Transfer-Encoding: 7bit\r\n\r\n" + bytes;
    return head + "Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines(bytes);
}

std::string charset_of(UINT codepage) {
    switch (codepage) {
    case CP_UTF8: return "utf-8";
    case 20127: return "us-ascii";
    case 28591: return "iso-8859-1";
    default: return "windows-" + std::to_string(codepage);
    }
}

std::string attachment_part(const Attachment& attachment) {
    std::string type = narrow(one_line(attachment.mime_type));
    if (attachment.message) type = "message/rfc822";
    if (type.empty()) type = "application/octet-stream";
    std::string head = "Content-Type: " + type + "\r\n";
    if (!attachment.content_id.empty())
        head += "Content-ID: <" + narrow(one_line(attachment.content_id)) + ">\r\n";
    head += "Content-Disposition: attachment";
    if (!attachment.filename.empty()) {
        static const char* digits = "0123456789ABCDEF";
        head += ";\r\n filename*=utf-8''";
        for (unsigned char c : narrow(attachment.filename)) {
            bool safe = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
                        c == '-' || c == '_';
            if (safe)
                head.push_back(static_cast<char>(c));
            else
                (head += '%') += {digits[c >> 4], digits[c & 15]};
        }
    }
    // A message within a message may not be encoded (RFC 2046, 5.2.1).
    if (attachment.message) return head + "\r\n\r\n" + attachment.data;
    return head + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64_lines(attachment.data);
}

std::string multipart(const char* subtype, const std::vector<std::string>& parts) {
    std::string boundary;
    for (unsigned n = 0;; ++n) {
        boundary = "=_cppxp_" + std::to_string(parts.size()) + "_" + std::to_string(n);
        bool taken = false;
        for (const std::string& part : parts) taken = taken || part.find(boundary) != std::string::npos;
        if (!taken) break;
    }
    std::string whole = std::string("Content-Type: multipart/") + subtype + "; boundary=\"" + boundary + "\"\r\n\r\n";
    for (const std::string& part : parts) whole += "--" + boundary + "\r\n" + part + "\r\n";
    return whole + "--" + boundary + "--\r\n";
}

} // namespace

std::string compose_mail(const Mail& mail, const std::vector<std::wstring>& envelope) {
    std::string head;
    if (!envelope.empty()) {
        head += "X-Sent-To: ";
        for (size_t i = 0; i < envelope.size(); ++i) head += (i ? ", " : "") + narrow(one_line(envelope[i]));
        head += "\r\n";
    }
    if (mail.from) head += "From: " + format(*mail.from) + "\r\n";
    if (mail.sender && (!mail.from || mail.sender->address != mail.from->address))
        head += "Sender: " + format(*mail.sender) + "\r\n";
    add_list(head, "To", mail.to);
    add_list(head, "Cc", mail.cc);
    head += "Subject: " + encode_word(one_line(mail.subject)) + "\r\n";
    if (mail.date) head += "Date: " + format_date(*mail.date) + "\r\n";
    if (!mail.message_id.empty()) head += "Message-ID: " + narrow(one_line(mail.message_id)) + "\r\n";
    if (!mail.encapsulated.empty()) {
        std::string text = encode_base64(mail.encapsulated);
        head += "X-TNEF:";
        for (size_t i = 0; i < text.size(); i += 76) head += " " + text.substr(i, 76) + "\r\n";
    }
    head += "MIME-Version: 1.0\r\n";

    std::vector<std::string> bodies;
    if (mail.text || !mail.html) bodies.push_back(text_part("plain", narrow(mail.text.value_or(L"")), "utf-8"));
    if (mail.html) bodies.push_back(text_part("html", *mail.html, charset_of(mail.html_codepage)));
    std::string content = bodies.size() == 1 ? bodies[0] : multipart("alternative", bodies);
    if (mail.attachments.empty()) return head + content;
    std::vector<std::string> parts = {content};
    for (const Attachment& attachment : mail.attachments) parts.push_back(attachment_part(attachment));
    return head + multipart("mixed", parts);
}
