# 32-bit ARM, version 7 and later: Raspberry Pi 2 and later with a 32-bit kernel.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(debian_triplet arm-linux-gnueabihf)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE armhf)
set(CPACK_RPM_PACKAGE_ARCHITECTURE armv7hl)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
