//go:build pins

// Package pins names what is used of a module that is no program: its header file.
package pins

import _ "github.com/gen2brain/malgo"
