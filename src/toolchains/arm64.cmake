# 64-bit ARM: Graviton, Raspberry Pi 3 and later with a 64-bit kernel, GitHub's arm runners.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(debian_triplet aarch64-linux-gnu)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
set(CPACK_RPM_PACKAGE_ARCHITECTURE aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
