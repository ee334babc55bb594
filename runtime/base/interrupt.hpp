// Ctrl-C, once: the run stops early and leaves readable results. Twice: the process ends at once. In both
// cases the process ends by SIGINT, so that a shell loop around it stops too.
#pragma once

namespace millrace {

// From now on SIGINT and SIGTERM are requests. Also ignores SIGPIPE: a lost peer is an error, not a death.
void catch_interrupts();
bool interrupt_requested();
// To be called after everything has been written. If Ctrl-C was the request, this process ends by SIGINT
// here; else the call returns. SIGTERM asks a service to end, and the exit code says how that went.
void end_as_interrupted();

}  // namespace millrace
