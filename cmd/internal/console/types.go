// SPDX-License-Identifier: BSD-3-Clause
// Types as text.

package console

import (
	"fmt"
	"strings"

	"ring0/cmd/internal/debuginfo"
)

// typeOf is the type that text names, or the type of an expression.
func (c *Console) typeOf(text string) (*debuginfo.Type, error) {
	if t, ok := c.table.Type(text); ok {
		return c.table.Complete(t), nil
	}
	v, err := c.eval(text)
	if err != nil {
		return nil, err
	}
	return c.table.Complete(v.Type), nil
}

// definition is a type as C would define it, fields with their offsets.
func (c *Console) definition(t *debuginfo.Type) string {
	s := c.table.Complete(t.Strip())
	switch {
	case s.Kind == debuginfo.Enum:
		var names []string
		for _, e := range s.Enums {
			names = append(names, fmt.Sprintf("%s = %d", e.Name, e.Value))
		}
		return fmt.Sprintf("%s {%s}", s, strings.Join(names, ", "))
	case !s.IsAggregate():
		return s.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s { /* %s */\n", s, byteCount(s.Sizeof()))
	for _, m := range s.Members {
		decl := m.Type.Declare(m.Name)
		if m.Bits > 0 {
			decl += fmt.Sprintf(" : %d", m.Bits)
		}
		fmt.Fprintf(&b, "/* %4d */\t%s;\n", m.Offset, decl)
	}
	b.WriteString("}")
	return b.String()
}
