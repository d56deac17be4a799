#include "mime.h"

#include "props.h"

#include <cstdlib>

namespace {

const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The byte that `mark` and two hexadecimal digits at `at` stand for, or -1.
int escaped(const std::string& text, size_t at) {
    if (at + 2 >= text.size()) return -1;
    int high = hex(text[at + 1]), low = hex(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string unescape(const std::string& text, char mark) {
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
        int byte = text[i] == mark ? escaped(text, i) : -1;
        if (byte < 0) {
            bytes.push_back(text[i]);
        } else {
            bytes.push_back(static_cast<char>(byte));
            i += 2;
        }
    }
    return bytes;
}

// The encoded word `=?charset?B?text?=` that begins at `at`, its end left in `end`.
bool encoded_word(const std::string& value, size_t at, size_t& end, UINT& codepage, std::string& bytes) {
    if (value.compare(at, 2, "=?") != 0) return false;
    size_t charset = value.find('?', at + 2);
    if (charset == std::string::npos || charset + 2 >= value.size() || value[charset + 2] != '?') return false;
    size_t close = value.find("?=", charset + 3);
    if (close == std::string::npos) return false;
    std::string text = value.substr(charset + 3, close - charset - 3);
    switch (value[charset + 1]) {
    case 'b':
    case 'B': bytes = decode_base64(text); break;
    case 'q':
    case 'Q':
        for (char& c : text)
            if (c == '_') c = ' ';
        bytes = unescape(text, '=');
        break;
    default: return false;
    }
    std::string name = value.substr(at + 2, charset - at - 2);
    codepage = codepage_of(name.substr(0, name.find('*')));
    end = close + 2;
    return true;
}

// A piece of a parameter's value (RFC 2231); an encoded one has %XX escapes, the first of them the character set
// before it: charset'language'text.
struct Piece {
    std::string text;
    bool encoded = false;
};

std::wstring join_pieces(const std::map<int, Piece>& pieces) {
    std::string bytes;
    UINT codepage = CP_UTF8;
    for (const auto& [number, piece] : pieces) {
        std::string text = piece.text;
        size_t charset = piece.encoded && bytes.empty() ? text.find('\'') : std::string::npos;
        size_t language = charset == std::string::npos ? charset : text.find('\'', charset + 1);
        if (language != std::string::npos) {
            codepage = codepage_of(text.substr(0, charset));
            text = text.substr(language + 1);
        }
        bytes += piece.encoded ? unescape(text, '%') : text;
    }
    return decode_text(bytes, codepage);
}

} // namespace

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

std::string trim(const std::string& text) {
    size_t from = 0, to = text.size();
    while (from < to && blank(text[from])) ++from;
    while (to > from && blank(text[to - 1])) --to;
    return text.substr(from, to - from);
}

UINT codepage_of(const std::string& charset) {
    static const std::map<std::string, UINT> known = {
        {"us-ascii", 20127},     {"iso-8859-1", 28591},   {"latin1", 28591},       {"iso-8859-2", 28592},
        {"iso-8859-15", 28605},  {"windows-1250", 1250},  {"windows-1251", 1251},  {"windows-1252", 1252},
        {"koi8-r", 20866},       {"shift_jis", 932},      {"gb2312", 936},         {"big5", 950},
    };
    auto found = known.find(lower(trim(charset)));
    return found == known.end() ? CP_UTF8 : found->second;
}

std::wstring decode_text(const std::string& bytes, UINT codepage) {
    if (bytes.empty()) return {};
    int size = static_cast<int>(bytes.size());
    // 8-bit bytes in what calls itself ASCII are most often UTF-8.
    if (codepage == 20127) codepage = CP_UTF8;
    if (codepage == CP_UTF8 && !MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes.data(), size, nullptr, 0))
        codepage = 28591;
    if (codepage == 28591) {
        std::wstring text;
        for (unsigned char c : bytes) text.push_back(c);
        return text;
    }
    return widen(bytes, codepage);
}

std::string decode_base64(const std::string& text) {
    std::string bytes;
    unsigned gathered = 0, bits = 0;
    for (char c : text) {
        if (c == '=') break;
        int value = digit(c);
        if (value < 0) continue;
        gathered = (gathered << 6 | static_cast<unsigned>(value)) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>(gathered >> bits & 0xFF));
        }
    }
    return bytes;
}

std::string decode_quoted_printable(const std::string& text) {
    std::string joined;
    size_t at = 0;
    while (at < text.size()) {
        size_t newline = text.find('\n', at);
        size_t end = newline == std::string::npos ? text.size() : newline;
        bool carriage = end > at && text[end - 1] == '\r';
        size_t last = carriage ? end - 1 : end;
        // Blanks before a line's end were added on the way.
        while (last > at && (text[last - 1] == ' ' || text[last - 1] == '\t')) --last;
        bool soft = last > at && text[last - 1] == '=';
        joined.append(text, at, (soft ? last - 1 : last) - at);
        if (newline == std::string::npos) break;
        if (!soft) joined.append(carriage ? "\r\n" : "\n");
        at = newline + 1;
    }
    return unescape(joined, '=');
}

std::wstring decode_words(const std::string& value) {
    std::wstring text;
    std::string plain;  // not yet decoded: between encoded words
    std::string encoded; // neighbouring words of one character set: a character may be split between them
    UINT codepage = CP_UTF8;
    auto flush = [&] {
        text += decode_text(encoded, codepage);
        encoded.clear();
    };
    bool after_word = false;
    size_t at = 0;
    while (at < value.size()) {
        size_t end = 0;
        UINT next = 0;
        std::string bytes;
        if (!encoded_word(value, at, end, next, bytes)) {
            plain.push_back(value[at++]);
            continue;
        }
        // White space between two encoded words is not part of the text.
        if (!after_word || !trim(plain).empty()) {
            flush();
            text += decode_text(plain, CP_UTF8);
        } else if (next != codepage) {
            flush();
        }
        plain.clear();
        codepage = next;
        encoded += bytes;
        after_word = true;
        at = end;
    }
    flush();
    return text + decode_text(plain, CP_UTF8);
}

std::string encode_base64(const std::string& bytes) {
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        size_t held = bytes.size() - i < 3 ? bytes.size() - i : 3;
        for (size_t j = 0; j < 3; ++j)
            group = group << 8 | (j < held ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (size_t j = 0; j < 4; ++j) text.push_back(j <= held ? ALPHABET[group >> (18 - 6 * j) & 63] : '=');
    }
    return text;
}

std::string encode_word(const std::wstring& text) {
    bool plain = text.find(L"=?") == std::wstring::npos;
    for (wchar_t c : text) plain = plain && c >= 0x20 && c < 0x7F;
    if (plain) return narrow(text);
    std::string words;
    for (size_t i = 0; i < text.size();) {
        // A word may have 75 characters; 12 UTF-16 units are at most 36 bytes, 48 in base64. A pair stays together.
        size_t length = text.size() - i < 12 ? text.size() - i : 12;
        if (i + length < text.size() && IS_HIGH_SURROGATE(text[i + length - 1])) --length;
        if (!words.empty()) words += "\r\n ";
        words += "=?utf-8?B?" + encode_base64(narrow(text.substr(i, length))) + "?=";
        i += length;
    }
    return words;
}

std::wstring Parameterised::parameter(const std::string& name) const {
    auto found = parameters.find(name);
    return found == parameters.end() ? std::wstring() : found->second;
}

Parameterised parse_parameters(const std::string& header) {
    Parameterised parsed;
    size_t at = header.find(';');
    parsed.value = lower(trim(header.substr(0, at)));
    // The pieces of continued parameters (name*0*, name*1 ...), in their order.
    std::map<std::string, std::map<int, Piece>> pieces;
    while (at != std::string::npos && at < header.size()) {
        size_t equals = header.find('=', ++at);
        if (equals == std::string::npos) break;
        std::string name = lower(trim(header.substr(at, equals - at)));
        std::string value;
        at = equals + 1;
        while (at < header.size() && blank(header[at])) ++at;
        if (at < header.size() && header[at] == '"') {
            for (++at; at < header.size() && header[at] != '"'; ++at) {
                if (header[at] == '\\' && at + 1 < header.size()) ++at;
                value.push_back(header[at]);
            }
            at = header.find(';', at);
        } else {
            size_t end = header.find(';', at);
            value = trim(header.substr(at, end == std::string::npos ? end : end - at));
            at = end;
        }
        size_t star = name.find('*');
        if (star == std::string::npos)
            parsed.parameters.emplace(name, decode_words(value));
        else
            pieces[name.substr(0, star)][atoi(name.c_str() + star + 1)] = {value, name.back() == '*'};
    }
    for (const auto& [name, list] : pieces) parsed.parameters[name] = join_pieces(list);
    return parsed;
}
