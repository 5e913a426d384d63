/**
 * Parquet files on this machine, without Hadoop.
 *
 * <p>{@link org.vit4j.parquet.ParquetFile} reads the footer and single columns, page by page, so that no row group must fit
 * into memory. {@link org.vit4j.parquet.ParquetWriter} writes tables of flat columns and lists. Both follow
 * apache/parquet-format 2.11. Repeated columns, encryption and types that are not mentioned in
 * {@link org.vit4j.parquet.ColumnValues} are not read.
 */
package org.vit4j.parquet;
