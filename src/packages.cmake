# The .deb and .rpm of a release, made of the static build by `tests/packaging/static package`. The same sources, tools and
# SOURCE_DATE_EPOCH give the same bytes.
set(CPACK_GENERATOR DEB RPM)
set(CPACK_PACKAGE_VENDOR "pushmetrics authors")
set(CPACK_PACKAGE_CONTACT "pushmetrics authors")
set(CPACK_PACKAGE_DESCRIPTION "pushmetrics wraps a command, or takes metrics on standard input, and gets
them to where Prometheus reads them (a Pushgateway, a textfile collector,
remote write, OTLP), without ever getting in the way of the job.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/dist)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/src/package_contents.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

# Starts the units at once, where systemd runs. They are enabled by links among the files.
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/src/debian/postinst ${PROJECT_SOURCE_DIR}/src/debian/prerm
    ${PROJECT_SOURCE_DIR}/src/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_PACKAGE_DESCRIPTION ${CPACK_PACKAGE_DESCRIPTION})
set(CPACK_RPM_PACKAGE_GROUP Applications/System)
set(CPACK_RPM_PACKAGE_AUTOREQ OFF)
set(CPACK_RPM_SPEC_MORE_DEFINE "%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost localhost
%define __strip /bin/true
%define _build_id_links none")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /usr/share/man /usr/share/man/man1 /usr/share/doc /usr/share/bash-completion
    /usr/share/bash-completion/completions /usr/share/zsh /usr/share/zsh/site-functions /usr/share/fish
    /usr/share/fish/vendor_completions.d /usr/lib/systemd /usr/lib/systemd/system /usr/lib/systemd/user)

include(CPack)
