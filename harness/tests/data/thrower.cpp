// A library that throws, as the variable THROWER says. Built by the tests with the compiler alone.

#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#ifdef _WIN32
#include <windows.h>
#define EXPORTED extern "C" __declspec(dllexport)
#define METHOD __stdcall
#else
#include <dlfcn.h>
#define EXPORTED extern "C" __attribute__((visibility("default")))
#define METHOD
#endif

namespace {

constexpr int S_IS_OK = 0;
constexpr int CALL_FAILED = static_cast<int>(0x80004005U);

int METHOD itself(void *self, const void *, void **object) {
    *object = self;
    return S_IS_OK;
}

unsigned METHOD counted(void *) { return 1; }

int METHOD shut_down(void *, unsigned *) { return S_IS_OK; }

int METHOD throws_at_logon(void *, void *, std::size_t, char *, unsigned *, void **, void **) {
    throw std::runtime_error("an exception that leaves TransportLogon");
}

void throws() { throw std::runtime_error("an exception that was not to be"); }

void breaks_its_word() noexcept { throws(); }

// IXPProvider: QueryInterface, AddRef, Release, Shutdown, TransportLogon.
void *const METHODS[] = {
    reinterpret_cast<void *>(itself),    reinterpret_cast<void *>(counted),         reinterpret_cast<void *>(counted),
    reinterpret_cast<void *>(shut_down), reinterpret_cast<void *>(throws_at_logon),
};

struct {
    void *const *methods = METHODS;
} provider;

int METHOD throws_in_callback(void *, unsigned, void *) { throw std::runtime_error("an exception through a sink"); }

void *function_of_mapi(const char *name) {
#ifdef _WIN32
    return reinterpret_cast<void *>(GetProcAddress(LoadLibraryA("mapi32.dll"), name));
#else
    return dlsym(RTLD_DEFAULT, name);
#endif
}

// The sink is the spooler's, the callback and the handler are this library's: the exception would pass through the spooler.
void throw_through_a_sink() {
    using Make = int(METHOD *)(void *, void *, void **);
    using Notify = unsigned(METHOD *)(void *, unsigned, void *);
    const auto make = reinterpret_cast<Make>(function_of_mapi("HrAllocAdviseSink"));
    void *sink = nullptr;
    if (!make || make(reinterpret_cast<void *>(throws_in_callback), nullptr, &sink) != S_IS_OK) {
        std::exit(77);
    }
    try {
        char notification[128] = {};
        void *const *methods = *static_cast<void *const **>(sink);
        reinterpret_cast<Notify>(methods[3])(sink, 1, notification);
    } catch (const std::runtime_error &) {
        std::exit(78);
    }
}

}  // namespace

EXPORTED int XPProviderInit(void *, void *, void *, void *, void *, unsigned, unsigned, unsigned *version, void **object) {
    const char *what = std::getenv("THROWER");
    const auto is = [what](const char *name) { return what != nullptr && std::strcmp(what, name) == 0; };
    if (is("throw")) {
        throw std::runtime_error("an exception that leaves XPProviderInit");
    }
    if (is("throw-number")) {
        throw 42;
    }
    if (is("noexcept")) {
        breaks_its_word();
    }
    if (is("terminate")) {
        std::terminate();
    }
    if (is("throw-at-logon")) {
        *version = 0x00010010;
        *object = &provider;
        return S_IS_OK;
    }
    if (is("throw-through-a-sink")) {
        throw_through_a_sink();
    }
    return CALL_FAILED;
}
