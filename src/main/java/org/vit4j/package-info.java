/**
 * Entry point of the program. {@link org.vit4j.Main} prepares the JVM process (output, locale, memory limits, logging) and
 * runs the command line of {@code org.vit4j.cli}.
 */
package org.vit4j;
