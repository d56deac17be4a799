// What every file of the provider stands on: the public headers, failures as exceptions inside the library,
// references, locks. No exception leaves an entry point: `guarded` turns it into an HRESULT.
#pragma once

#include <windows.h>

#include <mapidefs.h>
#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapispi.h>
#ifdef USES_MAPI32
#include <mapiutil.h>
#endif

#include <new>
#include <utility>

// Tags that these public headers lack.
constexpr ULONG TAG_HTML = PROP_TAG(PT_BINARY, 0x1013);
constexpr ULONG TAG_INTERNET_MESSAGE_ID_W = PROP_TAG(PT_UNICODE, 0x1035);
constexpr ULONG TAG_INTERNET_CPID = PROP_TAG(PT_LONG, 0x3FDE);
constexpr ULONG TAG_ATTACH_CONTENT_ID_W = PROP_TAG(PT_UNICODE, 0x3712);

// A call that failed, on its way to the entry point.
struct Failure {
    HRESULT code;
};

inline void check(HRESULT result) {
    if (FAILED(result)) throw Failure{result};
}

template <class Body>
HRESULT guarded(Body&& body) noexcept {
    try {
        return body();
    } catch (const Failure& failure) {
        return failure.code;
    } catch (const std::bad_alloc&) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    } catch (...) {
        return MAPI_E_CALL_FAILED;
    }
}

// One reference to a COM object.
template <class T>
class Ref {
public:
    Ref() = default;
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() {
#ifdef USES_MAPI32
        UlRelease(object_);
#else
        if (object_) object_->Release();
#endif
    }
    T* operator->() const { return object_; }
    T* get() const { return object_; }
    T** out() { return &object_; }
    LPUNKNOWN* out_unknown() { return reinterpret_cast<LPUNKNOWN*>(&object_); }

private:
    T* object_ = nullptr;
};

// MAPI's allocator, as XPProviderInit got it.
struct Memory {
    LPALLOCATEBUFFER allocate;
    LPALLOCATEMORE more;
    LPFREEBUFFER release;

    template <class T>
    T* block(size_t bytes) const {
        void* made = nullptr;
        check(allocate(static_cast<ULONG>(bytes), &made));
        return static_cast<T*>(made);
    }
    template <class T>
    T* part(void* parent, size_t bytes) const {
        void* made = nullptr;
        check(more(static_cast<ULONG>(bytes), parent, &made));
        return static_cast<T*>(made);
    }
};

// One block of MAPI's allocator, freed with its owner.
template <class T>
class Block {
public:
    explicit Block(const Memory& memory, T* block = nullptr) : memory_(memory), block_(block) {}
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    ~Block() {
        if (block_) memory_.release(block_);
    }
    T* operator->() const { return block_; }
    T* get() const { return block_; }
    T** out() { return &block_; }
    T* give_up() { return std::exchange(block_, nullptr); }

private:
    const Memory& memory_;
    T* block_;
};

class Lock {
public:
    Lock() { InitializeCriticalSection(&section_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock() { DeleteCriticalSection(&section_); }

private:
    friend class Hold;
    CRITICAL_SECTION section_;
};

// A lock held; `unlocked` lets go of it for the length of a callback.
class Hold {
public:
    explicit Hold(Lock& lock) : lock_(lock) { EnterCriticalSection(&lock_.section_); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { LeaveCriticalSection(&lock_.section_); }

    template <class Body>
    auto unlocked(Body&& body) {
        struct Again {
            CRITICAL_SECTION& section;
            explicit Again(CRITICAL_SECTION& s) : section(s) { LeaveCriticalSection(&section); }
            ~Again() { EnterCriticalSection(&section); }
        } again(lock_.section_);
        return body();
    }
    void wait(CONDITION_VARIABLE& signal, DWORD milliseconds) {
        SleepConditionVariableCS(&signal, &lock_.section_, milliseconds);
    }

private:
    Lock& lock_;
};
