#pragma once

namespace pushmetrics {

/// Returns memory that is not needed for a while to the system: free heap, and the pages of programs and
/// libraries, which are read from the file again on access.
void release_memory();

}  // namespace pushmetrics
