# SPDX-License-Identifier: BSD-2-Clause
#
# Reads the register database: awk [-v check=1] -f parse.awk -f check.awk -f table.awk ARCH.xml, for the features that ARCH.xml lists. What
# is refused, check.awk says; table.awk writes the table in C. With -v check=1 check.awk writes what a compiler is to compare, instead.
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
# kvm:needs="register" on a feature: a vCPU that lacks the register has none of the feature's registers.
#
# The files are a strict subset of XML: one element a line, attributes in double quotes, no entities. What is not understood is
# an error, with file and line: a typing mistake must not become a register. POSIX awk only (mawk, gawk, busybox).

BEGIN {
	if (ARGC != 2) {
		print "usage: awk [-v check=1] -f parse.awk -f check.awk -f table.awk ARCH.xml" > "/dev/stderr"
		exit 1
	}
	begin_check()
	begin_table()
	pointer_bits = 64
	read_file(ARGV[1], "target")
	for (i = 1; i <= nincludes; i++)
		read_file(directory(ARGV[1]) includes[i], "feature")
	check_whole()
	if (check)
		print_check(base(ARGV[1]))
	else
		print_table(base(ARGV[1]))
	exit 0
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
			if (!(attr["type"] in predefined))
				fail("a vector with kvm:times is of a predefined type")
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
	check_union_member()
	if (times_of(attr["type"]) != "")
		type_times[nfeatures, type] = times_of(attr["type"])
	if (bits_of(attr["type"]) > type_bits[nfeatures, type])
		type_bits[nfeatures, type] = bits_of(attr["type"])
}

function bit_field(	bit)
{
	check_bit_field()
	for (bit = decimal("start"); bit <= decimal("end"); bit++)
		named[bit] = 1
}

function reg_line(	name, key)
{
	check_attributes()
	if (("kvm:mode" in attr) && pointer_bits != 64)
		return
	if (pointer_bits != 64)
		narrow()
	name = attr["name"]
	if (name == needs[nfeatures])
		needs_found[nfeatures] = 1
	check_reg(name)
	key = key_of()
	check_unique(name, key)
	note_check(name, key)
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
