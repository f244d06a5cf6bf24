#pragma once

namespace pushmetrics {

/// Gives back to the system what is not needed for a while: free heap, and the pages of programs and
/// libraries, which come back from the file when they are touched.
void release_memory();

}  // namespace pushmetrics
