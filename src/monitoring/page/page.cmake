# Puts page.html and what it refers to into one file without references, as `dashboard --format html` prints it. The
# browser runs only what the page's Content-Security-Policy names by its hash, so that nothing that a job's name could
# smuggle in would run.

# An SHA-256 digest as the policy has it: base64, three hexadecimal digits for two characters.
function(page_hash text result)
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  string(SHA256 digest "${text}")
  string(REGEX MATCHALL "..?.?" pieces "${digest}00")
  set(base64 "")
  foreach(piece IN LISTS pieces)
    math(EXPR first "0x${piece} >> 6")
    math(EXPR second "0x${piece} & 63")
    string(SUBSTRING ${alphabet} ${first} 1 first)
    string(SUBSTRING ${alphabet} ${second} 1 second)
    string(APPEND base64 ${first}${second})
  endforeach()
  string(SUBSTRING ${base64} 0 43 base64)  # 43 characters for 256 bits
  set(${result} "'sha256-${base64}='" PARENT_SCOPE)
endfunction()

# Puts `file` in place of `reference` into the variable `whole`, between the tags of `element`; appends its hash to `hashes`.
function(page_inline reference element file)
  file(READ ${file} text)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  string(FIND "${whole}" "${reference}" place)
  if(place EQUAL -1 OR text MATCHES "</${element}")
    message(FATAL_ERROR "${file} cannot be put into the page in place of ${reference}")
  endif()
  string(REPLACE "${reference}" "<${element}>${text}</${element}>" whole "${whole}")
  page_hash("${text}" hash)
  set(whole "${whole}" PARENT_SCOPE)
  set(hashes ${hashes} ${hash} PARENT_SCOPE)
endfunction()

function(page_build folder result)
  file(READ ${folder}/page.html whole)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/page.html)
  set(hashes "")
  page_inline("<link rel=\"stylesheet\" href=\"page.css\">" style ${folder}/page.css)
  set(styles ${hashes})
  set(hashes "")
  foreach(script IN ITEMS model server view)
    page_inline("<script src=\"${script}.js\"></script>" script ${folder}/${script}.js)
  endforeach()
  list(JOIN hashes " " scripts)
  string(CONCAT policy "default-src 'none'; script-src ${scripts}; style-src ${styles}; connect-src http: https:; "
                       "img-src data:; base-uri 'none'; form-action 'none'")
  string(REPLACE "<meta charset=\"utf-8\">"
                 "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"${policy}\">"
                 whole "${whole}")
  set(${result} "${whole}" PARENT_SCOPE)
endfunction()
