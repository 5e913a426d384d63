/**
 * YAML configs: inheritance ({@code extends}), overrides, typed access with defaults, and errors with file, line and
 * path. Start with {@link org.vit4j.config.Config}, which opens a file, and {@link org.vit4j.config.Section}, from
 * which the records of other packages are read. {@link org.vit4j.config.Checks} has the rules for values, and {@link
 * org.vit4j.config.ConfigError} is the exception for all invalid user input.
 */
package org.vit4j.config;
