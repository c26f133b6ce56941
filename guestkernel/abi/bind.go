// SPDX-License-Identifier: BSD-3-Clause
// Binding Go structs to structure layouts, so that the kernel model names fields and writes no numbers.

package abi

import (
	"fmt"
	"reflect"
	"strings"
)

// Bind fills the struct that target points to with the places of a structure's fields:
//
//	var task struct {
//		Size    uint32    `c:"(sizeof)"`
//		Pid     abi.Field `c:"pid"`
//		Esp0    abi.Field `c:"thread.esp0"`
//		Counter abi.Field `c:"counter,optional"`
//	}
//	err := profile.Bind("task_struct", &task)
//
// Every field of target needs a tag: the C path as [Struct.Field] takes it, or "(sizeof)" for the structure's size in
// bytes. A path the profile lacks is an error that names it, unless the tag says optional: then the Field stays zero and
// its Exists is false.
func (p *Profile) Bind(structName string, target any) error {
	pointer := reflect.ValueOf(target)
	if pointer.Kind() != reflect.Pointer || pointer.Type().Elem().Kind() != reflect.Struct {
		return fmt.Errorf("abi: Bind %s: target is %T, want a pointer to a struct", structName, target)
	}
	if pointer.IsNil() {
		return fmt.Errorf("abi: Bind %s: target is a nil %T", structName, target)
	}
	s, err := p.Struct(structName)
	if err != nil {
		return err
	}
	return s.bind(pointer.Elem())
}

func (s *Struct) bind(target reflect.Value) error {
	own := map[string]string{} // the structure's own lines by field
	for line := range table(s.body).lines() {
		name, rest, _ := strings.Cut(line, "\t")
		own[name] = rest
	}
	for i := range target.NumField() {
		goField := target.Type().Field(i)
		tag, tagged := goField.Tag.Lookup("c")
		if !tagged {
			return fmt.Errorf("abi: Bind %s: Go field %s has no c tag", s.Name, goField.Name)
		}
		if err := s.bindField(target.Field(i), tag, own); err != nil {
			return fmt.Errorf("abi: Bind %s: Go field %s: %w", s.Name, goField.Name, err)
		}
	}
	return nil
}

// bindField fills one Go field: a uint32 with the structure's size, or a Field. own has the structure's own lines.
func (s *Struct) bindField(target reflect.Value, tag string, own map[string]string) error {
	path, option, hasOption := strings.Cut(tag, ",")
	if hasOption && option != "optional" {
		return fmt.Errorf("unknown option %q in tag %q", option, tag)
	}
	if !target.CanSet() {
		return fmt.Errorf("not exported")
	}
	switch place := target.Addr().Interface().(type) {
	case *uint32:
		if tag != "(sizeof)" {
			return fmt.Errorf("a uint32 holds (sizeof), not %q", tag)
		}
		*place = s.Size
		return nil
	case *Field:
		var m Member
		rest, exists := own[path]
		if exists {
			m = parseMember(path, rest)
		} else {
			m, exists = s.member(path)
		}
		if !exists && hasOption {
			*place = Field{}
			return nil
		}
		if !exists {
			return s.noMember(path)
		}
		var err error
		*place, err = s.field(m)
		return err
	}
	return fmt.Errorf("type %s, want abi.Field or uint32", target.Type())
}
