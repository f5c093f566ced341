# The launcher under each shell that /bin/sh may be, from a checkout and from an installation.
foreach(shell dash busybox bash)
  foreach(place checkout installed)
    fdguard_test(compat/launcher_${shell}_${place} ${CMAKE_CURRENT_LIST_DIR}/test_launcher.sh ${shell} ${place})
  endforeach()
endforeach()
