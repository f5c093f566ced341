set(EPOLL_MODEL main world descriptors control traffic wait children ghosts unseen)
list(TRANSFORM EPOLL_MODEL REPLACE "(.+)" "guards/epoll_model/\\1.c")
fdguard_program(epoll-model ${EPOLL_MODEL} FLAGS -O1)
fdguard_program(epoll-stress guards/epoll_stress.c FLAGS -O1 LIBS pthread)
