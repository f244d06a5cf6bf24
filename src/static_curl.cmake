# CURL::libcurl for the wholly static binary: curl from source with HTTP, HTTPS, proxies and Unix sockets only,
# over the system's static OpenSSL and zlib. Built when CMake configures, once: the result is kept outside the
# build tree, under a name made of all that it depends on.
#   FETCHCONTENT_SOURCE_DIR_CURL   a source tree to use in place of the download (tests/packaging/static: Debian's, patched)
#   PUSHMETRICS_DEPS_DIR           where the built library is kept
include(FetchContent)
FetchContent_Declare(curl
  URL https://curl.se/download/curl-7.88.1.tar.gz
  URL_HASH SHA256=cdb38b72e36bc5d33d5b8810f8018ece1baa29a8f215b4495e495ded82bbf3c7)
FetchContent_GetProperties(curl)
if(NOT curl_POPULATED)
  FetchContent_Populate(curl)
endif()

set(PUSHMETRICS_DEPS_DIR ${PROJECT_SOURCE_DIR}/build/deps CACHE PATH "Where the static libcurl is kept between builds")

# Its tables are made for a thousand connections at once; filling them costs the start of every push.
set(curl_tables "-DCURL_SOCKET_HASH_TABLE_SIZE=7 -DCURL_CONNECTION_HASH_SIZE=7 -DCURL_DNS_HASH_SIZE=7")
set(curl_flags
  "-Os -ffunction-sections -fdata-sections -ffile-prefix-map=${curl_SOURCE_DIR}=curl ${curl_tables}")
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  string(APPEND curl_flags " -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64")  # as CMakeLists.txt says
endif()
set(curl_options
  -DCMAKE_BUILD_TYPE=None
  -DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF
  -DHTTP_ONLY=ON -DENABLE_UNIX_SOCKETS=ON -DENABLE_THREADED_RESOLVER=ON -DENABLE_IPV6=ON
  -DCURL_USE_OPENSSL=ON -DOPENSSL_USE_STATIC_LIBS=ON -DCURL_ZLIB=ON
  -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none  # looked for at run time: distributions differ
  -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_ALTSVC=ON
  -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_MIME=ON
  -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_LIBIDN2=OFF
  -DUSE_NGHTTP2=OFF
  -DHAVE_POLL_FINE=ON)  # which a cross build could not find out; without, libcurl takes no descriptor above 1023

file(READ ${curl_SOURCE_DIR}/include/curl/curlver.h curl_identity)
if(EXISTS ${curl_SOURCE_DIR}/debian/changelog)  # the patches do not change curl's own version
  file(READ ${curl_SOURCE_DIR}/debian/changelog curl_changes LIMIT 200)
  string(APPEND curl_identity "${curl_changes}")
endif()
string(SHA256 curl_key "${curl_identity};${curl_options};${curl_flags};${CMAKE_C_COMPILER};${CMAKE_C_COMPILER_VERSION}")
string(SUBSTRING ${curl_key} 0 12 curl_key)
set(curl_prefix ${PUSHMETRICS_DEPS_DIR}/curl-${curl_key})

function(pushmetrics_curl_step what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE log ERROR_VARIABLE log)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "curl: ${what} failed\n${log}")
  endif()
endfunction()

if(NOT EXISTS ${curl_prefix}/lib/libcurl.a)
  message(STATUS "Building the static libcurl in ${curl_prefix}")
  set(curl_build ${PUSHMETRICS_DEPS_DIR}/curl-${curl_key}-build)
  pushmetrics_curl_step("configuring" ${CMAKE_COMMAND} -S ${curl_SOURCE_DIR} -B ${curl_build} -G ${CMAKE_GENERATOR}
    -DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE} -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_C_FLAGS=${curl_flags}
    -DCMAKE_INSTALL_PREFIX=${curl_prefix} -DCMAKE_INSTALL_LIBDIR=lib ${curl_options})
  pushmetrics_curl_step("building" ${CMAKE_COMMAND} --build ${curl_build} --target install)
  file(REMOVE_RECURSE ${curl_build})
endif()

set(OPENSSL_USE_STATIC_LIBS ON)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(OpenSSL 3.0 REQUIRED)
find_library(PUSHMETRICS_ZLIB libz.a REQUIRED)
add_library(CURL::libcurl STATIC IMPORTED)
set_target_properties(CURL::libcurl PROPERTIES
  IMPORTED_LOCATION ${curl_prefix}/lib/libcurl.a
  INTERFACE_INCLUDE_DIRECTORIES ${curl_prefix}/include
  INTERFACE_COMPILE_DEFINITIONS CURL_STATICLIB
  INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;${PUSHMETRICS_ZLIB}")
