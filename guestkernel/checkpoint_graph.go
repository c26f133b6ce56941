// SPDX-License-Identifier: BSD-3-Clause
// What the kernel keeps beside guest memory, as a graph of Go values that can be put back.
//
// The walk starts at the fields of Kernel that change. Everything it reaches by pointers, slices and maps is copied, and
// restoring writes the copies into the same objects: who holds a pointer sees the old content. Where the walk ends, and
// which fields are left alone, is listed here; a test goes through the types and fails at what it cannot save.

package guestkernel

import (
	"reflect"
	"slices"
	"unsafe"

	"ring0/guestkernel/abi"
	"ring0/guestkernel/entry"
	"ring0/vm"
)

// keptFields are fields that restoring leaves alone, with the reason.
func keptFields() map[reflect.Type]map[string]string {
	return map[reflect.Type]map[string]string{
		reflect.TypeFor[Kernel](): {
			"cfg": "set by Boot", "profile": "set by Boot", "lay": "set by Boot", "sym": "set by Boot", "m": "has its own snapshot",
			"mem": "has no state between instructions", "functions": "set by Boot", "slots": "set by Boot", "sites": "set by Boot",
			"image": "set by Boot", "trace": "belongs to who looks on", "observe": "belongs to who looks on", "exports": "for Boot only",
			"running": "the same task", "stands": "tells what has happened since",
		},
		reflect.TypeFor[Task](): {
			"k": "set when made", "co": "put back by restart", "stand": "tells what has happened since", "body": "set when made",
		},
		reflect.TypeFor[Process]():    {"k": "set when made", "task": "set when made"},
		reflect.TypeFor[Program]():    {"k": "set when made", "task": "set when made"},
		reflect.TypeFor[content]():    {"data": "set when made"},
		reflect.TypeFor[clockState](): {"k": "set by Boot"},
		reflect.TypeFor[picState]():   {"k": "set by Boot"},
		reflect.TypeFor[lptState]():   {"k": "set by Boot"},
		reflect.TypeFor[timerChip]():  {"k": "set by Boot"},
	}
}

// opaqueTypes are where the walk ends: what does not change, or has its own snapshot.
func opaqueTypes() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[Kernel](), reflect.TypeFor[Memory](), reflect.TypeFor[vm.Machine](), reflect.TypeFor[vm.Event](),
		reflect.TypeFor[abi.Profile](), reflect.TypeFor[abi.Structs](), reflect.TypeFor[entry.Image](), reflect.TypeFor[Function](),
		reflect.TypeFor[coroutine](), reflect.TypeFor[hostStream](),
	}
}

// savedGraph is the copies.
type savedGraph struct {
	kept   map[reflect.Type]map[string]string
	opaque []reflect.Type
	seen   map[objectKey]bool
	undo   []func()
}

type objectKey struct {
	at unsafe.Pointer
	of reflect.Type
}

// saveGraph copies what the kernel keeps.
func saveGraph(k *Kernel) *savedGraph {
	g := &savedGraph{kept: keptFields(), opaque: opaqueTypes(), seen: map[objectKey]bool{}}
	g.object(reflect.ValueOf(k).Elem())
	return g
}

// restore puts the copies back.
func (g *savedGraph) restore() {
	for _, undo := range g.undo {
		undo()
	}
}

// object saves the variable v, once.
func (g *savedGraph) object(v reflect.Value) {
	key := objectKey{v.Addr().UnsafePointer(), v.Type()}
	if g.seen[key] {
		return
	}
	g.seen[key] = true
	if v.Kind() == reflect.Struct && g.kept[v.Type()] != nil {
		g.fields(v)
		return
	}
	was := reflect.New(v.Type()).Elem()
	was.Set(v)
	g.undo = append(g.undo, func() { v.Set(was) })
	g.reach(v)
}

// fields saves the fields of a struct that are not kept.
func (g *savedGraph) fields(v reflect.Value) {
	kept := g.kept[v.Type()]
	for i := range v.NumField() {
		if kept[v.Type().Field(i).Name] == "" {
			g.object(open(v.Field(i)))
		}
	}
}

// open makes an unexported field of an addressable struct accessible.
func open(f reflect.Value) reflect.Value {
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}

// reach saves what v leads to; v itself is saved.
func (g *savedGraph) reach(v reflect.Value) {
	if !leads(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			g.reach(open(v.Field(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			g.reach(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() && !slices.Contains(g.opaque, v.Type().Elem()) {
			g.object(v.Elem())
		}
	case reflect.Slice:
		g.elements(v)
	case reflect.Map:
		g.entries(v)
	}
}

// elements saves what a slice holds.
func (g *savedGraph) elements(v reflect.Value) {
	n := v.Len()
	if n == 0 {
		return
	}
	was := reflect.MakeSlice(reflect.SliceOf(v.Type().Elem()), n, n)
	reflect.Copy(was, v)
	now := v.Slice(0, n) // the same array, whatever becomes of the variable
	g.undo = append(g.undo, func() { reflect.Copy(now, was) })
	if leads(v.Type().Elem()) {
		for i := range n {
			g.reach(v.Index(i))
		}
	}
}

// entries saves what a map holds.
func (g *savedGraph) entries(v reflect.Value) {
	if v.IsNil() {
		return
	}
	m := reflect.New(v.Type()).Elem()
	m.Set(v)
	was := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := m.MapRange(); it.Next(); {
		was.SetMapIndex(it.Key(), it.Value())
		if leads(v.Type().Elem()) {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(it.Value())
			g.reach(value)
		}
	}
	g.undo = append(g.undo, func() {
		m.Clear()
		for it := was.MapRange(); it.Next(); {
			m.SetMapIndex(it.Key(), it.Value())
		}
	})
}

// leads tells whether values of a type lead to other variables.
func leads(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return true
	case reflect.Array:
		return leads(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if leads(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}
