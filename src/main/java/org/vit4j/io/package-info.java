/**
 * Files and expected runtime failures, for all other packages.
 *
 * <p>{@link org.vit4j.io.AtomicFiles} writes files that are never incomplete, {@link org.vit4j.io.GitLfs} detects pointer
 * files, {@link org.vit4j.io.RunException} is a failure that ends a command with one line and exit code 1.
 */
package org.vit4j.io;
