// Tells ThreadSanitizer what Debian's gRPC and Abseil do to hand something from one thread to another. They are not
// instrumented, so of that it would see nothing, and take whatever crosses with a call for a race.
//
// In the preset tsan this is part of every program, where the loader finds these functions before those of the same
// name in the libraries. Each calls the real one, and says what it orders: what happened before an object was released
// happened before it is acquired next. Nothing is said to be in order that is not.

#include <dlfcn.h>
#include <grpc/grpc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "grpcpp/support/server_callback.h"

extern "C" {
void __tsan_acquire(void* object);  // NOLINT: its name.
void __tsan_release(void* object);  // NOLINT: its name.
}

namespace {

#define MUSTER_TEXT_OF(word) #word
#define MUSTER_TEXT(macro) MUSTER_TEXT_OF(macro)

// The function of the library, by its name for the linker.
template <typename Function>
Function* Real(const std::string& name) {
  void* found = dlsym(RTLD_NEXT, name.c_str());
  if (found == nullptr) {
    std::fprintf(stderr, "tests/thread_sanitizer.cc: the libraries have no %s\n", name.c_str());
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

// All of Abseil's names are within one more namespace, that of its build: "4absl7debian3" for the linker.
std::string Abseil() {
  const std::string build = MUSTER_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  return "4absl" + std::to_string(build.size()) + build;
}

template <typename Function>
Function* RealOfAbseil(const std::string& name) {
  return Real<Function>("_ZN" + Abseil() + name);
}

}  // namespace

// Locks.
namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static auto* const real = RealOfAbseil<void(Mutex*)>("5Mutex4LockEv");
  real(this);
  __tsan_acquire(this);
}

bool Mutex::TryLock() {
  static auto* const real = RealOfAbseil<bool(Mutex*)>("5Mutex7TryLockEv");
  const bool locked = real(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::Unlock() {
  static auto* const real = RealOfAbseil<void(Mutex*)>("5Mutex6UnlockEv");
  __tsan_release(this);
  real(this);
}

void CondVar::Wait(Mutex* mutex) {
  static auto* const real = RealOfAbseil<void(CondVar*, Mutex*)>("7CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  real(this, mutex);
  __tsan_acquire(mutex);
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const real =
      RealOfAbseil<bool(CondVar*, Mutex*, Time)>("7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  __tsan_release(mutex);
  const bool timed_out = real(this, mutex, deadline);
  __tsan_acquire(mutex);
  return timed_out;
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* const real =
      RealOfAbseil<bool(CondVar*, Mutex*, Duration)>("7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  __tsan_release(mutex);
  const bool timed_out = real(this, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

ABSL_NAMESPACE_END
}  // namespace absl

// What is started with a tag, and the tag that says it is done: between them are queues without locks.
extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag, void* reserved) {
  static auto* const real = Real<decltype(grpc_call_start_batch)>("grpc_call_start_batch");
  __tsan_release(tag);
  return real(call, ops, count, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
  static auto* const real = Real<decltype(grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag, gpr_timespec deadline, void* reserved) {
  static auto* const real = Real<decltype(grpc_completion_queue_pluck)>("grpc_completion_queue_pluck");
  const grpc_event event = real(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // extern "C"

// Whatever is done with a tag, and a new call, which has one as well.
struct grpc_cq_completion;
void grpc_cq_end_op(grpc_completion_queue* queue, void* tag, absl::Status error,
                    void (*done)(void* argument, grpc_cq_completion* storage), void* argument,
                    grpc_cq_completion* storage, bool internal) {
  static auto* const real = Real<decltype(grpc_cq_end_op)>("_Z14grpc_cq_end_opP21grpc_completion_queuePvN" + Abseil() +
                                                           "6StatusEPFvS1_P18grpc_cq_completionES1_S6_b");
  __tsan_release(tag);
  real(queue, tag, std::move(error), done, argument, storage, internal);
}

namespace grpc {

// A server is shut down when the last of its calls is over, which are counted by an atomic number.
void Server::UnrefWithPossibleNotify() {
  static auto* const real = Real<void(Server*)>("_ZN4grpc6Server23UnrefWithPossibleNotifyEv");
  __tsan_release(this);
  real(this);
}

void Server::UnrefAndWaitLocked() {
  static auto* const real = Real<void(Server*)>("_ZN4grpc6Server18UnrefAndWaitLockedEv");
  real(this);
  __tsan_acquire(this);
}

// Whoever is the last to let go of a call ends it. That is counted by two atomic numbers, the only members of a call's
// base, and partly in the library.
namespace internal {

void ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  static auto* const real =
      Real<void(ServerCallbackCall*, bool)>("_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  static_assert(sizeof(ServerCallbackCall) == sizeof(void*) + 2 * sizeof(std::atomic_int));
  auto* const counters = reinterpret_cast<std::atomic_int*>(reinterpret_cast<char*>(this) + sizeof(void*));
  __tsan_acquire(&counters[0]);
  __tsan_acquire(&counters[1]);
  real(this, inline_ondone);
}

}  // namespace internal
}  // namespace grpc
