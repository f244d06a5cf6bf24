# x86-64, from a machine of another architecture.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(debian_triplet x86_64-linux-gnu)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE amd64)
set(CPACK_RPM_PACKAGE_ARCHITECTURE x86_64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
