package org.vit4j.backend;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import org.junit.jupiter.api.condition.EnabledIf;

/** Test of the oneDNN backend itself, skipped on a CPU without AVX2. */
@Retention(RetentionPolicy.RUNTIME)
@EnabledIf(value = "org.vit4j.backend.TestBackends#hasOneDnn", disabledReason = "the oneDNN backend needs AVX2")
public @interface RequiresOneDnn {}
