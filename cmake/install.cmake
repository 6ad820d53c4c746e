# `cmake --install`: the program, its unit, and a first configuration where there is none.
include(GNUInstallDirs)

install(TARGETS postern DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

configure_file(packaging/systemd/postern.service.in packaging/postern.service @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/packaging/postern.service DESTINATION lib/systemd/system)

# An administrator's configuration is never overwritten.
install(CODE "
  set(target \"\$ENV{DESTDIR}/etc/postern/postern.yaml\")
  if(EXISTS \"\${target}\")
    message(STATUS \"Kept: \${target}\")
  else()
    file(INSTALL \"${PROJECT_SOURCE_DIR}/config/postern.yaml\" DESTINATION /etc/postern)
  endif()")
