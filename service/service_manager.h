// The program that runs this one, systemd most likely: it is told when the server is ready, that it is alive, and that
// it stops. Where there is none, nothing happens.
#ifndef MUSTER_SERVICE_SERVICE_MANAGER_H_
#define MUSTER_SERVICE_SERVICE_MANAGER_H_

#include <csignal>
#include <functional>
#include <string>

namespace muster {

// The server is ready; `status` is shown to people.
void TellManagerReady(const std::string& status);

// The server stops.
void TellManagerStopping();

// Waits until one of `signals` comes, and returns it; all threads must have blocked them. If the manager watches over
// the program, it is told meanwhile, three times in each interval that it allows, that the program is alive, whenever
// `is_alive` says so; a program that is not goes untold, and is ended and started again by the manager. `is_alive` is
// called on this thread and may take a third of that interval.
int WaitForSignal(const sigset_t& signals, const std::function<bool()>& is_alive);

}  // namespace muster

#endif  // MUSTER_SERVICE_SERVICE_MANAGER_H_
