// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * /dev/kvm_many_regs: KVM_GET_MANY_REGS and KVM_SET_MANY_REGS for stock kernels, 6.1 and newer.
 *
 * Owns the device and the walk over a request. What a register is, and whether the caller may have
 * it, is decided where ioctl(2) on the vCPU's file decides it: every entry goes to that file's own
 * ioctl, as KVM_GET_ONE_REG or KVM_SET_ONE_REG. No structure of KVM's is looked into, so none of
 * them has to be laid out as this module believes.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kvm_many_regs.h"

/*
 * KVM exports nothing that tells a vCPU's file. But only the kernel's own code makes anonymous
 * inodes, and names them: this is create_vcpu_fd()'s name (virt/kvm/kvm_main.c). With the colon,
 * for there are files named "kvm-vcpu-stats:0".
 */
static bool is_vcpu(struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       strstarts(file->f_path.dentry->d_name.name, "kvm-vcpu:") && file->f_op->unlocked_ioctl;
}

/* The vCPU's file, held, or an error. */
static struct file *get_vcpu(int fd, unsigned int one)
{
	struct file *file = fget(fd);
	long ret;

	if (!file)
		return ERR_PTR(-EBADF);
	/* ioctl(2) would ask as well. None of the security modules looks at a ONE_REG's argument. */
	ret = is_vcpu(file) ? security_file_ioctl(file, one, 0) : -ENOTTY;
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

/* As ioctl(2) of the entry. */
static long do_entry(struct file *vcpu, unsigned int one, struct kvm_one_reg __user *entry)
{
	long ret = vcpu->f_op->unlocked_ioctl(vcpu, one, (unsigned long)entry);

	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

/*
 * What the vCPU says to every entry alike, not to this one: kvm_vcpu_ioctl() has EIO for another
 * process or a dead VM, EINTR for a fatal signal while the vCPU runs.
 */
static bool ends_request(long ret)
{
	return ret == -EIO || ret == -EINTR;
}

/*
 * Counts in req->done. The first entry is tried whatever signal is pending, so that who goes on
 * after EINTR gets on.
 */
static long do_entries(struct file *vcpu, unsigned int one, struct kvm_many_regs *req, struct kvm_many_regs __user *user)
{
	bool go_on = req->flags & KVM_MANY_REGS_GO_ON;
	s32 __user *errors = u64_to_user_ptr(req->errors);
	long ret;

	for (req->done = 0; req->done < req->n; req->done++) {
		if (req->done && signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = do_entry(vcpu, one, &user->reg[req->done]);
		if (ret && (!go_on || ends_request(ret)))
			return ret;
		if (go_on && put_user((s32)ret, errors + req->done)) {
			req->done++;
			return -EFAULT;
		}
	}
	return 0;
}

static long check_request(const struct kvm_many_regs *req)
{
	if (req->n > KVM_MANY_REGS_MAX)
		return -E2BIG;
	if (req->flags & ~KVM_MANY_REGS_GO_ON)
		return -EINVAL;
	if (req->errors && !(req->flags & KVM_MANY_REGS_GO_ON))
		return -EINVAL;
	return 0;
}

static long do_many(unsigned int one, struct kvm_many_regs __user *user)
{
	struct kvm_many_regs req;
	struct file *vcpu;
	long ret;

	if (copy_from_user(&req, user, sizeof(req)))
		return -EFAULT;
	ret = check_request(&req);
	if (ret)
		return ret;
	vcpu = get_vcpu(req.vcpu_fd, one);
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);
	ret = do_entries(vcpu, one, &req, user);
	fput(vcpu);
	if (put_user(req.done, &user->done))
		return -EFAULT;
	return ret;
}

static long many_regs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case KVM_GET_MANY_REGS:
		return do_many(KVM_GET_ONE_REG, (struct kvm_many_regs __user *)arg);
	case KVM_SET_MANY_REGS:
		return do_many(KVM_SET_ONE_REG, (struct kvm_many_regs __user *)arg);
	}
	return -ENOTTY;
}

/*
 * Without .compat_ioctl, a 32-bit program on a 64-bit kernel gets ENOTTY: the vCPU's own
 * .compat_ioctl is not reached from here.
 */
static const struct file_operations many_regs_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = many_regs_ioctl,
};

static struct miscdevice many_regs_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm_many_regs",
	.fops = &many_regs_fops,
	.mode = 0600,
};

module_misc_device(many_regs_device);

MODULE_DESCRIPTION("KVM_GET_MANY_REGS and KVM_SET_MANY_REGS: many registers of a vCPU in one ioctl");
MODULE_LICENSE("Dual BSD/GPL");
