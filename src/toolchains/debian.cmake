# Builds for another of Debian's architectures, whose file includes this one: with Debian's cross compiler, against that
# architecture's own packages, unpacked by tests/packaging/unpack. The cross compiler brings a C library as well, but one
# that receives no security updates.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${debian_triplet}-gcc)
set(CMAKE_CXX_COMPILER ${debian_triplet}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${debian_triplet})
cmake_path(SET CMAKE_SYSROOT NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../../build/deps/sysroot-${CPACK_DEBIAN_PACKAGE_ARCHITECTURE})
foreach(language IN ITEMS C CXX)
  # Puts these libraries before the cross compiler's own.
  set(CMAKE_${language}_FLAGS_INIT -B${CMAKE_SYSROOT}/usr/lib/${debian_triplet})
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)  # for CMake's own trials, too: there are no shared libraries
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
