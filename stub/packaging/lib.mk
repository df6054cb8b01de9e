# SPDX-License-Identifier: BSD-2-Clause
# libkvmgdb, of the objects that the program is made of: all but the program's own. The archive has one object, in which nothing is global but
# the functions of kvmgdb.h.

version := $(shell sed -n 's/.*define MACHINE_VERSION "\([^"]*\)".*/\1/p' stub/*.h stub/*/*.h)
soname := libkvmgdb.so.0
map := stub/packaging/kvmgdb.map
library := $(OUT)/libkvmgdb.a $(if $(STATIC),,$(OUT)/$(soname) $(OUT)/libkvmgdb.so)
library_objects := $(filter-out $(OBJ)/stub/attach/% $(patsubst %,$(OBJ)/stub/%.o,main options program program_multi console terminal log monitor/list),$(objects))
OBJCOPY ?= $(CROSS_COMPILE)objcopy
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man

library_files := $(OUT)/include/kvmgdb.h $(OUT)/kvmgdb-uninstalled.pc

library: $(library) $(library_files) $(OUT)/kvmgdb.pc

# -z nodelete: a thread of the library's, or a signal, may still be in it.
$(OUT)/$(soname): $(library_objects) $(map) $(OUT)/link-flags
	$(CC) $(LDFLAGS) -shared -Wl,-soname,$(soname) -Wl,--version-script,$(map) -Wl,-z,nodelete -Wl,-z,defs -o $@ $(library_objects)

$(OUT)/libkvmgdb.so: $(OUT)/$(soname)
	ln -sf $(soname) $@

$(OBJ)/kvmgdb.o: $(library_objects)
	$(CC) -r -nostdlib -o $@ $^
	$(OBJCOPY) --localize-hidden $@

$(OUT)/libkvmgdb.a: $(OBJ)/kvmgdb.o
	rm -f $@
	$(AR) rcs $@ $<

$(OUT)/include/kvmgdb.h: stub/kvmgdb.h
	@mkdir -p $(@D)
	cp $< $@

# pkg-config NAME takes NAME-uninstalled before NAME: with PKG_CONFIG_PATH=build a program is built with what lies there.
$(OUT)/kvmgdb-uninstalled.pc: stub/packaging/kvmgdb.pc.in $(OUT)/link-flags
	@mkdir -p $(@D)
	sed 's|@prefix@|$${pcfiledir}|; s|@includedir@|$${prefix}/include|; s|@libdir@|$${prefix}|; s|@version@|$(version)|' $< > $@

$(OUT)/kvmgdb.pc: stub/packaging/kvmgdb.pc.in FORCE
	@mkdir -p $(@D)
	@sed 's|@prefix@|$(PREFIX)|; s|@includedir@|$(INCLUDEDIR)|; s|@libdir@|$(LIBDIR)|; s|@version@|$(version)|' $< > $@

install-library: library
	install -D -m 644 stub/kvmgdb.h $(DESTDIR)$(INCLUDEDIR)/kvmgdb.h
	install -D -m 644 $(OUT)/libkvmgdb.a $(DESTDIR)$(LIBDIR)/libkvmgdb.a
	$(if $(STATIC),,install -m 755 $(OUT)/$(soname) $(DESTDIR)$(LIBDIR)/$(soname))
	$(if $(STATIC),,ln -sf $(soname) $(DESTDIR)$(LIBDIR)/libkvmgdb.so)
	install -D -m 644 $(OUT)/kvmgdb.pc $(DESTDIR)$(LIBDIR)/pkgconfig/kvmgdb.pc
	install -D -m 644 stub/packaging/man/libkvmgdb.3 $(DESTDIR)$(MANDIR)/man3/libkvmgdb.3

.PHONY: library install-library
