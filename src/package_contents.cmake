# Run by CPack over what a package will hold: gives every file the time of the release, and a .deb what Debian's
# policy asks for.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
if(CPACK_GENERATOR STREQUAL "DEB")
  set(doc ${root}/usr/share/doc/pushmetrics)
  file(RENAME ${doc}/LICENSE ${doc}/copyright)
  file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
  file(GLOB pages ${root}/usr/share/man/man1/*.1)
  execute_process(COMMAND gzip -9n ${doc}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
  # Debian's zsh does not look in site-functions, which it leaves to what is in /usr/local.
  file(RENAME ${root}/usr/share/zsh/site-functions ${root}/usr/share/zsh/vendor-completions)
  file(WRITE ${root}/usr/share/lintian/overrides/pushmetrics "pushmetrics: statically-linked-binary [usr/bin/pushmetrics]\n")
endif()
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${root} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} + COMMAND_ERROR_IS_FATAL ANY)
endif()
