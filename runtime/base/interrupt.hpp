// Ctrl-C, once: the run ends where it stands and leaves readable results. Twice: the process ends at once.
#pragma once

namespace millrace {

// From now on SIGINT and SIGTERM are requests. Also ignores SIGPIPE: a lost peer is an error, not a death.
void catch_interrupts();
bool interrupt_requested();

}  // namespace millrace
