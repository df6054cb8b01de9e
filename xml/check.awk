# SPDX-License-Identifier: BSD-2-Clause
#
# What is refused, with file and line; and, for -v check=1, what a compiler for ARCH can compare with the kernel's headers: a _Static_assert for
# each field of a struct, CHECK_ID(name, id) for each ONE_REG id where that macro is defined, and CHECK_ATTR(name, group, attr) for each
# attribute of a device.

function begin_check(	list, i)
{
	split("name bitsize type group generic altname encoding format dwarf_regnum ehframe_regnum gcc_regnum " \
	      "kvm:id kvm:block kvm:attr kvm:at kvm:width kvm:from kvm:access kvm:times kvm:component kvm:mode kvm:dwarf kvm:kind", list, " ")
	for (i in list)
		reg_attribute[list[i]] = 1
	# GDB's predefined types and their sizes in bits; 0: as large as the register.
	split("bool 8 int8 8 int16 16 int32 32 int64 64 int128 128 uint8 8 uint16 16 uint32 32 uint64 64 uint128 128 " \
	      "code_ptr 0 data_ptr 0 int 0 float 0 ieee_half 16 ieee_single 32 ieee_double 64 i387_ext 80", list, " ")
	for (i = 1; i in list; i += 2)
		predefined[list[i]] = list[i + 1] + 0
	# Of an id's value, by the digit that says its logarithm.
	for (i = 0; i < 10; i++)
		id_bits[i] = i ? 2 * id_bits[i - 1] : 8
	split("clock counter host command", list, " ")
	for (i in list)
		kinds[list[i]] = 1
}

function fail(text)
{
	printf "%s:%d: %s\n", file, line, text > "/dev/stderr"
	exit 1
}

function decimal(name)
{
	if (attr[name] !~ /^[0-9]+$/ || length(attr[name]) > 9)
		fail(name " is not a decimal number")
	return attr[name] + 0
}

# Fails unless the attributes are among `allowed`, and all of `needed` are there.
function attributes(needed, allowed,	i, n, list)
{
	n = split(needed, list, " ")
	for (i = 1; i <= n; i++)
		if (!(list[i] in attr))
			fail("<" tag "> without " list[i])
	for (i = 1; i <= nattr; i++)
		if (index(" " needed " " allowed " ", " " names[i] " ") == 0)
			fail("<" tag "> has no attribute " names[i])
}

function known(name)
{
	return (name in predefined) || ((nfeatures, name) in type_bits)
}

function bits_of(name)
{
	return name in predefined ? predefined[name] : type_bits[nfeatures, name]
}

# What the type's size is a multiple of, or "".
function times_of(name)
{
	return (nfeatures, name) in type_times ? type_times[nfeatures, name] : ""
}

function check_union_member()
{
	attributes("name type", "")
	if (!known(attr["type"]))
		fail("no type " attr["type"])
	if (type_bits[nfeatures, type] && times_of(attr["type"]) != times_of(type))
		fail("kvm:times of " attr["type"] " is not that of the members before it")
}

function check_bit_field(	bit)
{
	attributes("name start end", "type")
	if (decimal("start") > decimal("end") || decimal("end") >= type_bits[nfeatures, type])
		fail("field " attr["name"] " is outside its type")
	if (("type" in attr) && !known(attr["type"]))
		fail("no type " attr["type"])
	for (bit = decimal("start"); bit <= decimal("end"); bit++)
		if (bit in named)
			fail("field " attr["name"] ": bit " bit " is in another field as well")
}

# Of a register's line, as it stands there.
function check_attributes(	i)
{
	for (i = 1; i <= nattr; i++)
		if (!(names[i] in reg_attribute))
			fail("<reg> has no attribute " names[i])
	if (attr["name"] == "" || !("bitsize" in attr))
		fail("<reg> without name or bitsize")
	if (("kvm:mode" in attr) && attr["kvm:mode"] != 64)
		fail("kvm:mode is \"64\" or absent")
}

# Of the register.
function check_reg(name)
{
	if (decimal("bitsize") % 8 || decimal("bitsize") == 0)
		fail(name ": bitsize is not in whole bytes")
	check_type(name)
	check_group(name)
	check_kind(name)
	check_source(name)
}

function check_type(name)
{
	if (!("type" in attr))
		return
	if (!known(attr["type"]))
		fail(name ": no type " attr["type"])
	if (bits_of(attr["type"]) > 0 && bits_of(attr["type"]) != decimal("bitsize"))
		fail(name ": type " attr["type"] " has another size")
	if (times_of(attr["type"]) != ("kvm:times" in attr ? attr["kvm:times"] : ""))
		fail(name ": type " attr["type"] " has another kvm:times")
}

# `g` is the leading run of general registers, so there may be no other.
function check_group(name)
{
	if (("group" in attr) && attr["group"] == "general") {
		if (general_ended)
			fail(name ": general registers come first")
	} else
		general_ended = 1
}

# `G` writes general registers whatever they are.
function check_kind(name)
{
	if (("kvm:kind" in attr) && (!(attr["kvm:kind"] in kinds) || !general_ended))
		fail(name ": kvm:kind is none, or that of a general register")
}

function check_source(name)
{
	if (("kvm:id" in attr) + ("kvm:block" in attr) + ("kvm:attr" in attr) + ("kvm:from" in attr) != 1)
		fail(name ": exactly one of kvm:id, kvm:block, kvm:attr, kvm:from says where it is")
	if (("kvm:access" in attr) && attr["kvm:access"] != "r")
		fail(name ": kvm:access is \"r\" or absent")
	if (!("kvm:block" in attr) && (("kvm:at" in attr) || ("kvm:width" in attr) || ("kvm:component" in attr)))
		fail(name ": kvm:at, kvm:width and kvm:component belong to kvm:block")
	if (("kvm:times" in attr) && !("kvm:id" in attr))
		fail(name ": kvm:times belongs to kvm:id")
	if ("kvm:id" in attr)
		check_id(name, one_reg_id(name, attr["kvm:id"]))
	if ("kvm:block" in attr)
		check_block(name, attr["kvm:block"])
	if ("kvm:attr" in attr)
		check_attr(name, attr["kvm:attr"])
	if (("kvm:from" in attr) && (attr["kvm:from"] !~ /^[a-z0-9_]+$/ || decimal("bitsize") > 64))
		fail(name ": kvm:from is no name, or the register is wider than 64 bits")
}

function one_reg_id(name, id)
{
	if (id !~ /^0x[0-9a-f]+$/ || length(id) != 18 || substr(id, 3, 2) == "00")
		fail(name ": kvm:id is not 16 hexadecimal digits")
	return id
}

# Bits 63..56 are the architecture, bits 55..52 the logarithm of the bytes (<linux/kvm.h>, KVM_REG_ARCH_MASK and KVM_REG_SIZE_MASK).
function check_id(name, id,	size)
{
	if (id_architecture == "")
		id_architecture = substr(id, 3, 2)
	if (substr(id, 3, 2) != id_architecture)
		fail(name ": kvm:id is of another architecture than those before it")
	size = id_bits[substr(id, 5, 1)]
	if (!("kvm:times" in attr) && decimal("bitsize") > size)
		fail(name ": kvm:id is of a value of " size " bits")
	if ((nfeatures, id) in id_of)
		fail(name ": kvm:id is that of " id_of[nfeatures, id])
	id_of[nfeatures, id] = name
}

# kvm:block="regs:rip": struct kvm_regs, field rip. "fpu:last_ip+4": the part of last_ip that begins at its byte 4.
function check_block(name, spec,	parts)
{
	if (spec !~ /^[a-z0-9_]+:[a-z0-9_.]+(\[[0-9]+\][a-z0-9_.]*)?(\+[0-9]+)?$/ || attr["kvm:at"] !~ /^0x[0-9a-f]+$/)
		fail(name ": kvm:block or kvm:at is not understood")
	split(spec, parts, ":")
	if (!(parts[1] in block))
		fail(name ": no <kvm:block> " parts[1])
}

# kvm:attr="6:0xc230": of group 6
function check_attr(name, spec)
{
	if (spec !~ /^[0-9]+:0x[0-9a-f]+$/ || length(spec) > 8 || attr["bitsize"] != 64)
		fail(name ": kvm:attr is not understood, or the register has not 64 bits")
}

# Two features may have the same register when each of them needs another one: the kernel gives a vCPU at most one of the two.
function check_unique(name, key)
{
	if ((name in defined) && !unless[nfeatures] && (keys[name] != key || needs[nfeatures] == "" ||
	    needs[owner[name]] == "" || owner[name] == nfeatures))
		fail("register " name " twice, first at " defined[name])
	repeated = name in defined
	defined[name] = file ":" line
	keys[name] = key
	owner[name] = nfeatures
}

# Of the description as a whole. (Line and file are then the last ones.)
function check_whole(	f)
{
	if (architecture == "")
		fail("no <architecture>")
	for (f = 1; f <= nfeatures; f++) {
		if (!last_row[f])
			fail("feature " feature[f] " has no register")
		if (needs[f] != "" && !needs_found[f])
			fail("feature " feature[f] " needs " needs[f] ", which it has not")
	}
}

# ---- for the compiler ----

# A register that two features have is compared once. The names in a feature with kvm:unless may be those of others.
function note_check(name, key,	parts)
{
	if (("kvm:id" in attr) && (!repeated || unless[nfeatures]))
		ids[++nids] = "CHECK_ID(" (unless[nfeatures] ? "alone_" : "") name ", " key ")"
	if ("kvm:attr" in attr) {
		split(attr["kvm:attr"], parts, ":")
		attrs[++nattrs] = "CHECK_ATTR(" name ", " parts[1] ", " parts[2] ")"
	}
	if ("kvm:block" in attr) {
		split(attr["kvm:block"], parts, ":")
		note_field("struct kvm_" parts[1], parts[2], attr["kvm:at"], field_width())
	}
}

function note_field(record, field, at, width,	plus, part, size)
{
	plus = index(field, "+")
	part = plus ? substr(field, plus + 1) : 0
	if (plus)
		field = substr(field, 1, plus - 1)
	size = sprintf("sizeof(((%s *)0)->%s)", record, field)
	asserts[++nasserts] = sprintf("_Static_assert(offsetof(%s, %s) + %d == %s && %s, \"%s:%d\");", record, field, part, at,
		plus ? size " >= " part + width : size " == " width, file, line)
}

function print_check(name,	i)
{
	printf "/* Generated by xml/check.awk from %s.xml. */\n#ifdef CHECK_ID\n", name
	for (i = 1; i <= nids; i++)
		print ids[i]
	print "#else"
	for (i = 1; i <= nasserts; i++)
		print asserts[i]
	print "#ifdef CHECK_ATTR"
	for (i = 1; i <= nattrs; i++)
		print attrs[i]
	print "#endif"
	print "#endif"
}
