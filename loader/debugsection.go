// SPDX-License-Identifier: BSD-3-Clause
// Debug sections: relocated by the same code as what is loaded, kept outside
// the image.

package loader

// DebugSections lists the sections of the object that hold bytes but are not
// loaded: DWARF, stabs, comments.
func (o *Object) DebugSections() []string {
	var names []string
	for i := range o.sections {
		s := &o.sections[i]
		if !s.loaded && (s.Type == shtProgbits || s.Type >= shtLoOS) && s.Size > 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// DebugSection returns a copy of an unloaded section with its relocations
// applied: references to loaded sections become addresses in the image,
// references to other unloaded sections offsets in them. It returns nil
// without an error when there is no such section, or the image was read from a
// file.
func (img *Image) DebugSection(name string) ([]byte, error) {
	p := img.plan
	if p == nil {
		return nil, nil
	}
	s := p.object.Section(name)
	if s == nil {
		return nil, nil
	}
	o := p.object
	switch {
	case s.loaded:
		return nil, o.errorf(show(name), "is loaded: its bytes are in the image")
	case s.Flags&shfCompressed != 0:
		return nil, o.errorf(show(name), "compressed debug sections are not read; objcopy --decompress-debug-sections unpacks them")
	}
	for _, index := range s.relocs {
		if err := o.checkEntries(&o.sections[index], s); err != nil {
			return nil, err
		}
	}
	contents := append([]byte(nil), s.Data...)
	return contents, p.relocate(relocTarget{section: s, contents: contents, base: img.Base})
}

// DebugSectionNames lists what [Image.DebugSection] has, in the file's order; nothing for an image read from a file.
func (img *Image) DebugSectionNames() []string {
	if img.plan == nil {
		return nil
	}
	return img.plan.object.DebugSections()
}
