# SPDX-License-Identifier: BSD-2-Clause
#
# Turns the register database into C: awk -f tables.awk ARCH.xml writes `const struct tdesc_table tdesc_ARCH` (reg/table.h)
# for the features that ARCH.xml lists. With -v check=1 it writes what a compiler for ARCH can compare with the kernel's
# headers instead: a _Static_assert for each field of a struct, CHECK_ID(name, id) for each ONE_REG id where that macro is defined, and
# CHECK_ATTR(name, group, attr) for each attribute of a device.
#
# kvm:times="name" on a register or a vector: its bitsize or count is that many times what the architecture's function `name`
# says of the vCPU (struct arch_scale); where the id's own size field is 0, it becomes the register's size.
#
# kvm:unless="id" on a feature: a vCPU that has this id has none of the feature's registers. Their names may be those of others.
#
# kvm:attr="group:attr" on a register: an attribute of the interrupt controller's KVM device, of 64 bits for each vCPU. KVM neither tells
# nor takes it while another vCPU runs.
#
# kvm:component="n" on a field: kvm:at counts from where the vCPU has the block's component n, and a write marks it as in use. A vCPU
# without the component has not the register.
#
# kvm:kind="clock", "counter", "host" or "command" on a register: it is no state of the guest's program, to be saved and put back around a
# call. It goes on by itself, counts, is for KVM or the firmware to say, or does something when it is written, even with what it has.
#
# <kvm:restores/> in a list of features: GDB puts all registers of this description back, whatever its save-restore says.
#
# A register has save-restore="no" unless its group is one of those that a function uses: after a call GDB leaves it to the guest.
#
# <kvm:pointer bitsize="32"/> in a list of features: pointers of this description have so many bits (64 when nothing is said). A
# register of a pointer's type and another size is a number then, one with kvm:mode="64" is left out, and kvm:dwarf takes the place
# of dwarf_regnum.
#
# kvm:needs="register" on a feature: a vCPU that lacks it has none of the feature's registers.
#
# It reads a strict subset of XML: one element a line, attributes in double quotes, no entities. What it does not understand is
# an error, with file and line: a typing mistake must not become a register. POSIX awk only (mawk, gawk, busybox).

BEGIN {
	if (ARGC != 2) {
		print "usage: awk [-v check=1] -f tables.awk ARCH.xml" > "/dev/stderr"
		exit 1
	}
	split("name bitsize type group generic altname encoding format dwarf_regnum ehframe_regnum gcc_regnum " \
	      "kvm:id kvm:block kvm:attr kvm:at kvm:width kvm:from kvm:access kvm:times kvm:component kvm:mode kvm:dwarf kvm:kind", list, " ")
	for (i in list)
		reg_attribute[list[i]] = 1
	# GDB's predefined types and their sizes in bits; 0: as large as the register.
	split("bool 8 int8 8 int16 16 int32 32 int64 64 int128 128 uint8 8 uint16 16 uint32 32 uint64 64 uint128 128 " \
	      "code_ptr 0 data_ptr 0 int 0 float 0 ieee_half 16 ieee_single 32 ieee_double 64 i387_ext 80", list, " ")
	for (i = 1; i in list; i += 2)
		predefined[list[i]] = list[i + 1] + 0

	split("clock REG_CLOCK counter REG_COUNTER host REG_HOST command REG_COMMAND", list, " ")
	for (i = 1; i in list; i += 2)
		kinds[list[i]] = list[i + 1]
	split("general float vector x87 sse access lbt", list, " ")
	for (i in list)
		of_functions[list[i]] = 1

	pointer_bits = 64
	read_file(ARGV[1], "target")
	for (i = 1; i <= nincludes; i++)
		read_file(directory(ARGV[1]) includes[i], "feature")
	if (architecture == "")
		fail("no <architecture>")
	if (check)
		print_check()
	else
		print_table()
	exit 0
}

function fail(text)
{
	printf "%s:%d: %s\n", file, line, text > "/dev/stderr"
	exit 1
}

function directory(path)
{
	return match(path, /.*\//) ? substr(path, 1, RLENGTH) : ""
}

function base(path)
{
	path = substr(path, length(directory(path)) + 1)
	sub(/\.xml$/, "", path)
	return path
}

# Reads the lines of one file and hands each element, without comments, to element().
function read_file(path, root,	text, status, comment)
{
	file = path
	line = 0
	context = ""
	while ((status = (getline text < path)) > 0) {
		line++
		gsub(/^[ \t]+|[ \t]+$/, "", text)
		if (comment || text ~ /^<!--/)
			comment = text !~ /-->$/
		else if (text != "" && text !~ /^<\?xml [^?]*\?>$/)
			element(text, root)
	}
	if (status < 0)
		fail("cannot be read")
	if (comment || context != "closed")
		fail("ends too early")
	close(path)
}

# context is where we are: "", "target", "feature", the tag of a type that is open, or "closed".
function element(text, root)
{
	if (context == "target" && text ~ /^<architecture>[a-z0-9:_-]+<\/architecture>$/) {
		architecture = substr(text, 15, length(text) - 29)
		return
	}
	if (context == "target" && text ~ /^<osabi>[a-z]+<\/osabi>$/) {
		osabi = substr(text, 8, length(text) - 15)
		return
	}
	if (text ~ /^<\/[a-z]+>$/) {
		end_tag(substr(text, 3, length(text) - 3))
		return
	}
	parse(text)
	if (context == "" && tag == root && !empty)
		start_file(root)
	else if (context == "target" && empty)
		target_line()
	else if (context == "feature" && tag == "reg" && empty)
		reg_line()
	else if (context == "feature")
		type_line(text)
	else if (empty)
		member_line(text)
	else
		fail("unexpected " text)
}

# Splits `<tag a="b" c="d"/>` into tag, attr[], names[1..nattr] and empty ("/" or "").
function parse(text,	rest, eq, name, value)
{
	if (text !~ /^<[a-z]+(:[a-z]+)?( [a-z_]+(:[a-z]+)?="[^"<>&]*")*\/?>$/)
		fail("not understood: " text)
	for (name in attr)
		delete attr[name]
	nattr = 0
	empty = text ~ /\/>$/ ? "/" : ""
	rest = substr(text, 2, length(text) - 2 - length(empty))
	tag = rest
	sub(/ .*/, "", tag)
	rest = substr(rest, length(tag) + 2)
	while ((eq = index(rest, "=\"")) > 0) {
		name = substr(rest, 1, eq - 1)
		value = substr(rest, eq + 2)
		value = substr(value, 1, index(value, "\"") - 1)
		rest = substr(rest, eq + length(value) + 4)
		if (name in attr)
			fail(name " twice")
		attr[name] = value
		names[++nattr] = name
	}
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

function start_file(root)
{
	if (root == "target")
		attributes("version", "xmlns:xi xmlns:kvm")
	else {
		attributes("name", "xmlns:kvm kvm:unless kvm:needs")
		unless[nfeatures + 1] = "kvm:unless" in attr ? one_reg_id("kvm:unless", attr["kvm:unless"]) : 0
		needs[nfeatures + 1] = attr["kvm:needs"]
		feature[++nfeatures] = attr["name"]
		first_row[nfeatures] = nrows
		types[nfeatures] = ""
	}
	context = root
}

function end_tag(name)
{
	if (name != context)
		fail("</" name "> closes nothing")
	if (name == "target" || name == "feature") {
		context = "closed"
		return
	}
	if (name == "flags" || name == "struct")
		name_the_rest(name)
	types[nfeatures] = types[nfeatures] quote("</" name ">\n")
	context = "feature"
}

# GDB shows what the fields of a type name and no other bit, so what xml/ leaves out gets fields as well: each bit one among flags, which
# are shown when they are set, each gap one in a struct.
function name_the_rest(kind,	bit, last)
{
	for (bit = 0; bit < type_bits[nfeatures, type]; bit = last + 1) {
		last = bit
		if (bit in named)
			continue
		while (kind == "struct" && last + 1 < type_bits[nfeatures, type] && !(last + 1 in named))
			last++
		types[nfeatures] = types[nfeatures] quote(sprintf("<field name=\"%s\" start=\"%d\" end=\"%d\"/>\n",
			last > bit ? "bits_" bit "_" last : "bit_" bit, bit, last))
	}
}

function target_line()
{
	if (tag == "xi:include") {
		attributes("href", "")
		includes[++nincludes] = attr["href"]
	} else if (tag == "kvm:block") {
		attributes("name number", "")
		block[attr["name"]] = decimal("number")
	} else if (tag == "kvm:restores") {
		attributes("", "")
		restores = 1
	} else if (tag == "kvm:pointer") {
		attributes("bitsize", "")
		pointer_bits = decimal("bitsize")
	} else
		fail("unexpected <" tag ">")
}

# A type, or the head of one whose members follow.
function type_line(text)
{
	if (nrows > first_row[nfeatures])
		fail("types come before the registers")
	type = attr["id"]
	if (known(type))
		fail("type " type " twice")
	if (tag == "vector" && empty) {
		attributes("id type count", "kvm:times")
		if (!known(attr["type"]) || times_of(attr["type"]) != "")
			fail("no type " attr["type"] ", or one that has no size of its own")
		type_bits[nfeatures, type] = bits_of(attr["type"]) * decimal("count")
		if ("kvm:times" in attr) {
			scaled_vector()
			return
		}
	} else if ((tag == "flags" || tag == "struct" || tag == "enum") && !empty) {
		attributes("id size", "")
		type_bits[nfeatures, type] = decimal("size") * 8
		split("", named)
		context = tag
	} else if (tag == "union" && !empty) {
		attributes("id", "")
		type_bits[nfeatures, type] = 0
		context = tag
	} else
		fail("unexpected " text)
	types[nfeatures] = types[nfeatures] quote(text "\n")
}

# A vector whose count is a multiple of what the vCPU says. These are written before all other types.
function scaled_vector()
{
	if (!(attr["type"] in predefined))
		fail("a vector with kvm:times is of a predefined type")
	type_times[nfeatures, type] = attr["kvm:times"]
	vectors[nfeatures] = vectors[nfeatures] sprintf("\t{ %s, %s, %d, %s },\n", quoted(type), quoted(attr["type"]),
		attr["count"], quoted(attr["kvm:times"]))
	nvectors[nfeatures]++
}

# A member of the type that is open.
function member_line(text)
{
	if (tag != (context == "enum" ? "evalue" : "field"))
		fail("unexpected <" tag "> in <" context ">")
	if (context == "enum") {
		attributes("name value", "")
		decimal("value")
	} else if (context == "union")
		union_member()
	else
		bit_field()
	types[nfeatures] = types[nfeatures] quote(text "\n")
}

function union_member()
{
	attributes("name type", "")
	if (!known(attr["type"]))
		fail("no type " attr["type"])
	if (type_bits[nfeatures, type] && times_of(attr["type"]) != times_of(type))
		fail("kvm:times of " attr["type"] " is not that of the members before it")
	if (times_of(attr["type"]) != "")
		type_times[nfeatures, type] = times_of(attr["type"])
	if (bits_of(attr["type"]) > type_bits[nfeatures, type])
		type_bits[nfeatures, type] = bits_of(attr["type"])
}

function bit_field(	bit)
{
	attributes("name start end", "type")
	if (decimal("start") > decimal("end") || decimal("end") >= type_bits[nfeatures, type])
		fail("field " attr["name"] " is outside its type")
	if (("type" in attr) && !known(attr["type"]))
		fail("no type " attr["type"])
	for (bit = decimal("start"); bit <= decimal("end"); bit++) {
		if (bit in named)
			fail("field " attr["name"] ": bit " bit " is in another field as well")
		named[bit] = 1
	}
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

function reg_line(	i, name, key)
{
	for (i = 1; i <= nattr; i++)
		if (!(names[i] in reg_attribute))
			fail("<reg> has no attribute " names[i])
	if (attr["name"] == "" || !("bitsize" in attr))
		fail("<reg> without name or bitsize")
	if (("kvm:mode" in attr) && attr["kvm:mode"] != 64)
		fail("kvm:mode is \"64\" or absent")
	if (("kvm:mode" in attr) && pointer_bits != 64)
		return
	if (pointer_bits != 64)
		narrow()
	name = attr["name"]
	if (name == needs[nfeatures])
		needs_found[nfeatures] = 1
	if (decimal("bitsize") % 8 || decimal("bitsize") == 0)
		fail(name ": bitsize is not in whole bytes")
	check_type(name)
	check_group(name)
	check_kind(name)
	key = source(name)
	check_unique(name, key)
	add_row(name, key)
}

# The line as a description with narrower pointers has it.
function narrow()
{
	if (("type" in attr) && attr["type"] ~ /^(code|data)_ptr$/ && decimal("bitsize") != pointer_bits)
		attr["type"] = "uint" attr["bitsize"]
	rename("dwarf_regnum", "kvm:none")
	rename("kvm:dwarf", "dwarf_regnum")
}

function rename(old, new,	i)
{
	for (i = 1; i <= nattr; i++)
		if (names[i] == old) {
			names[i] = new
			attr[new] = attr[old]
			delete attr[old]
		}
}

# Two features may have the same register when each of them needs another one: the kernel gives a vCPU at most one of the two.
function check_unique(name, key)
{
	if ((name in defined) && !unless[nfeatures] && (keys[name] != key || needs[nfeatures] == "" ||
	    needs[owner[name]] == "" || owner[name] == nfeatures))
		fail("register " name " twice, first at " defined[name])
	if ((!(name in defined) || unless[nfeatures]) && ("kvm:id" in attr))
		ids[++nids] = "CHECK_ID(" (unless[nfeatures] ? "alone_" : "") name ", " key ")"
	defined[name] = file ":" line
	keys[name] = key
	owner[name] = nfeatures
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

# The C expression of the row's key; "" when the register is computed.
function source(name)
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
		return check_id(name, one_reg_id(name, attr["kvm:id"]))
	if ("kvm:block" in attr)
		return block_field(name, attr["kvm:block"])
	if ("kvm:attr" in attr)
		return device_attribute(name, attr["kvm:attr"])
	if (attr["kvm:from"] !~ /^[a-z0-9_]+$/ || decimal("bitsize") > 64)
		fail(name ": kvm:from is no name, or the register is wider than 64 bits")
	return ""
}

# For the check, the names in a feature with kvm:unless are told from those of others.
function check_id(name, id)
{
	return id
}

function one_reg_id(name, id)
{
	if (id !~ /^0x[0-9a-f]+$/ || length(id) != 18 || substr(id, 3, 2) == "00")
		fail(name ": kvm:id is not 16 hexadecimal digits")
	return id
}

# kvm:attr="6:0xc230": of group 6
function device_attribute(name, spec,	parts)
{
	if (spec !~ /^[0-9]+:0x[0-9a-f]+$/ || length(spec) > 8 || attr["bitsize"] != 64)
		fail(name ": kvm:attr is not understood, or the register has not 64 bits")
	split(spec, parts, ":")
	attrs[++nattrs] = "CHECK_ATTR(" name ", " parts[1] ", " parts[2] ")"
	return "KEY_DEVICE(" parts[1] ", " parts[2] ")"
}

# kvm:block="regs:rip": struct kvm_regs, field rip. "fpu:last_ip+4": the part of last_ip that begins at its byte 4.
function block_field(name, spec,	parts, width)
{
	if (spec !~ /^[a-z0-9_]+:[a-z0-9_.]+(\[[0-9]+\][a-z0-9_.]*)?(\+[0-9]+)?$/ || attr["kvm:at"] !~ /^0x[0-9a-f]+$/)
		fail(name ": kvm:block or kvm:at is not understood")
	split(spec, parts, ":")
	if (!(parts[1] in block))
		fail(name ": no <kvm:block> " parts[1])
	width = "kvm:width" in attr ? decimal("kvm:width") : attr["bitsize"] / 8
	check_field("struct kvm_" parts[1], parts[2], attr["kvm:at"], width)
	return sprintf("KEY_BLOCK(%d, %d, %s)%s", block[parts[1]], width, attr["kvm:at"],
		"kvm:component" in attr ? " | KEY_IN_COMPONENT(" decimal("kvm:component") ")" : "")
}

function check_field(record, field, at, width,	plus, part, size)
{
	plus = index(field, "+")
	part = plus ? substr(field, plus + 1) : 0
	if (plus)
		field = substr(field, 1, plus - 1)
	size = sprintf("sizeof(((%s *)0)->%s)", record, field)
	asserts[++nasserts] = sprintf("_Static_assert(offsetof(%s, %s) + %d == %s && %s, \"%s:%d\");", record, field, part, at,
		plus ? size " >= " part + width : size " == " width, file, line)
}

function add_row(name, key,	i, rest)
{
	rest = ""
	for (i = 1; i <= nattr; i++)
		if (names[i] != "name" && names[i] != "bitsize" && names[i] !~ /^kvm:/)
			rest = rest " " names[i] "=\"" attr[names[i]] "\""
	if (("kvm:kind" in attr) || !(attr["group"] in of_functions))
		rest = rest " save-restore=\"no\""
	row[++nrows] = sprintf("\t{ %s, %d, %s, %s, %s,\n\t  %s, %s, %s, %s, %s },", quoted(name), attr["bitsize"],
		general_ended ? "false" : "true", "kvm:access" in attr ? "true" : "false", quoted(rest), key == "" ? 0 : key,
		"kvm:from" in attr ? quoted(attr["kvm:from"]) : "NULL", "generic" in attr ? quoted(attr["generic"]) : "NULL",
		"kvm:times" in attr ? quoted(attr["kvm:times"]) : "NULL",
		"kvm:kind" in attr ? kinds[attr["kvm:kind"]] : "REG_PLAIN")
	last_row[nfeatures] = nrows
}

function decimal(name)
{
	if (attr[name] !~ /^[0-9]+$/ || length(attr[name]) > 9)
		fail(name " is not a decimal number")
	return attr[name] + 0
}

function quoted(text,	i, c, out)
{
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		out = out (c == "\n" ? "\\n" : c == "\"" || c == "\\" ? "\\" c : c)
	}
	return "\"" out "\""
}

# One line of a feature's types, on a line of its own.
function quote(text)
{
	return "\n\t  " quoted(text)
}

function print_table(	f, i, name)
{
	name = base(ARGV[1])
	printf "/* Generated by xml/tables.awk from %s.xml. */\n#include \"reg/table.h\"\n\n", name
	for (f = 1; f <= nfeatures; f++) {
		if (!last_row[f])
			fail("feature " feature[f] " has no register")
		if (needs[f] != "" && !needs_found[f])
			fail("feature " feature[f] " needs " needs[f] ", which it has not")
		printf "static const struct reg_row rows_%d[] = {\n", f
		for (i = first_row[f] + 1; i <= last_row[f]; i++)
			print row[i]
		print "};\n"
		if (nvectors[f])
			printf "static const struct tdesc_vector vectors_%d[] = {\n%s};\n\n", f, vectors[f]
	}
	print "static const struct tdesc_feature features[] = {"
	for (f = 1; f <= nfeatures; f++)
		printf "\t{ %s,%s,\n\t  rows_%d, %d, %s, %d, %s, %s },\n", quoted(feature[f]), types[f] == "" ? " \"\"" : types[f], f,
			last_row[f] - first_row[f], nvectors[f] ? "vectors_" f : "NULL", nvectors[f], unless[f],
			needs[f] == "" ? "NULL" : quoted(needs[f])
	print "};\n"
	printf "extern const struct tdesc_table tdesc_%s;\n", name
	printf "const struct tdesc_table tdesc_%s = { %s, features, %d, %s, %s };\n", name, quoted(architecture), nfeatures,
		osabi == "" ? "NULL" : quoted(osabi), restores ? "true" : "false"
}

function print_check(	i)
{
	printf "/* Generated by xml/tables.awk from %s.xml. */\n#ifdef CHECK_ID\n", base(ARGV[1])
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
