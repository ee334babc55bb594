# The installed files and the Debian packages made of them: ./dev package. Three components: `node` (no ns-3,
# no Python), `host`, and `python`, the package of scripts.
include(GNUInstallDirs)

set(made ${PROJECT_BINARY_DIR}/package-files)
add_custom_command(
  OUTPUT ${made}/millrace.1.gz ${made}/millrace-node.1.gz ${made}/millrace.bash ${made}/millrace-node.bash
  COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/docker/manual.py ${made} $<TARGET_FILE:millrace>
          $<TARGET_FILE:millrace-node>
  DEPENDS millrace millrace-node millrace-links ${PROJECT_SOURCE_DIR}/docker/manual.py
  COMMENT "Writing manual pages and completion from --help")
add_custom_target(package_files DEPENDS ${made}/millrace.1.gz)

install(TARGETS millrace-node RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT node)
# `millrace-node shape` and `clean` execute this program; users do not call it by name.
install(TARGETS millrace-links RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/millrace COMPONENT node)
install(TARGETS millrace RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT host)
foreach(pair millrace-node:node millrace:host)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 program)
  list(GET pair 1 component)
  install(FILES ${made}/${program}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
  install(FILES ${made}/${program}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME ${program} COMPONENT ${component})
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${program} RENAME copyright
          COMPONENT ${component})
endforeach()
install(FILES docker/millrace-node.service DESTINATION /usr/lib/systemd/system COMPONENT node)
install(FILES docker/millrace-node.default DESTINATION /etc/default RENAME millrace-node COMPONENT node)
install(DIRECTORY analysis DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace COMPONENT host
        FILES_MATCHING PATTERN "*.py" PATTERN "*.js" PATTERN "*.css" PATTERN "__pycache__" EXCLUDE)
# For scripts of users: `import millrace`.
install(DIRECTORY analysis/millrace DESTINATION lib/python3/dist-packages COMPONENT python
        FILES_MATCHING PATTERN "*.py" PATTERN "*.js" PATTERN "*.css" PATTERN "__pycache__" EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/python3-millrace RENAME copyright
        COMPONENT python)
install(DIRECTORY scenarios traces DESTINATION ${CMAKE_INSTALL_DATADIR}/millrace COMPONENT host)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME millrace)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the millrace project <millrace@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL node host python)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_NODE_PACKAGE_NAME millrace-node)
set(CPACK_DEBIAN_NODE_FILE_NAME millrace-node.deb)
set(CPACK_DEBIAN_NODE_PACKAGE_DEPENDS "libopenblas0-pthread, passwd")
set(CPACK_DEBIAN_NODE_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/docker/postinst ${PROJECT_SOURCE_DIR}/docker/prerm
  ${PROJECT_SOURCE_DIR}/docker/postrm ${PROJECT_SOURCE_DIR}/docker/conffiles)
set(CPACK_COMPONENT_NODE_DESCRIPTION "Pipeline inference on edge devices: the part that runs on a device
Real tensors, real stages: agents that a host gives stages of a transformer to run, and tools that
measure a device.")
set(CPACK_DEBIAN_HOST_PACKAGE_NAME millrace)
set(CPACK_DEBIAN_HOST_FILE_NAME millrace.deb)
set(CPACK_DEBIAN_HOST_PACKAGE_DEPENDS "python3, python3-matplotlib")
set(CPACK_DEBIAN_HOST_PACKAGE_RECOMMENDS "millrace-node (= ${PROJECT_VERSION}), iproute2")
set(CPACK_COMPONENT_HOST_DESCRIPTION "Pipeline inference on edge devices: simulation, emulation, the host
One scenario file through simulation over a fluid or an ns-3 network, co-simulation with real tensors,
and deployment to devices that run millrace-node.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-millrace)
set(CPACK_DEBIAN_PYTHON_FILE_NAME python3-millrace.deb)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3, python3-numpy, python3-pandas, python3-matplotlib")
set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS "millrace (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "Pipeline inference on edge devices: runs and sweeps in Python
Run directories and sweeps as pandas frames, figures for papers, and millrace run and plan as functions.")
include(CPack)
