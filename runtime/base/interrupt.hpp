// Ctrl-C, once: the run ends where it stands and leaves readable results. Twice: the process ends at once.
// Either way it ends by that signal, as a shell expects of what it interrupted: a loop around it stops too.
#pragma once

namespace millrace {

// From now on SIGINT and SIGTERM are requests. Also ignores SIGPIPE: a lost peer is an error, not a death.
void catch_interrupts();
bool interrupt_requested();
// After everything has been written: where Ctrl-C was the request this process ends by SIGINT here, else it
// returns. SIGTERM asks a service to end, and the exit code says how that went.
void end_as_interrupted();

}  // namespace millrace
