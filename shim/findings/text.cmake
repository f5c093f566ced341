# SPDX-License-Identifier: MIT
# cmake -DFILES=A,B -DOUTPUT=C -P text.cmake: the texts, one after the other, as a C array that ends in a NUL.
string(REPLACE "," ";" FILES "${FILES}")
set(bytes "")
foreach(file ${FILES})
  file(READ ${file} hex HEX)
  string(APPEND bytes "${hex}")
endforeach()
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT}.new "#include \"tools/explain.h\"\n\nconst char explain_text[] = {\n${bytes}0\n};\n")
configure_file(${OUTPUT}.new ${OUTPUT} COPYONLY)
file(REMOVE ${OUTPUT}.new)
