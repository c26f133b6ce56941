// SPDX-License-Identifier: BSD-3-Clause
// Linking for a running kernel without loading.

package loader

// LinkFor links an object as Insmod would: against the symbols the kernel has
// now, for the address create_module gives. The reservation is taken back.
func LinkFor(process Process, object *Object, options Options) (*Image, error) {
	kernel, err := kernelABIFor(options.Profile)
	if err != nil {
		return nil, err
	}
	c := &caller{process: process, file: object.File, abi: kernel}
	providers, err := c.providers()
	if err != nil {
		return nil, err
	}
	plan, err := Prepare(object, providers, options)
	if err != nil {
		return nil, err
	}
	base, err := c.create(plan.Name(), plan.Size())
	if err != nil {
		return nil, err
	}
	image, err := plan.Place(base)
	if undone := c.remove(plan.Name()); err == nil {
		err = undone
	}
	if err != nil {
		return nil, err
	}
	return image, nil
}
