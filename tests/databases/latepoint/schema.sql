-- A database like that of LatePoint 5.6.5 in a WordPress, reduced to what reminders need: tables, columns and types only.
-- MariaDB or MySQL: `mariadb DATABASE < schema.sql`, then seed.sql. The prefix is `wp_`.
-- start_date + start_time (minutes) are wall clock of server_timezone; start_datetime_utc and end_datetime_utc are UTC, and
-- NULL where either time is 0. A visit that ends at midnight has end_time 1440 AND the next day as end_date.
SET NAMES utf8mb4;
CREATE TABLE wp_options (
  option_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191) NOT NULL DEFAULT '' UNIQUE,
  option_value LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_latepoint_services (
  id MEDIUMINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL, capacity_min INT, capacity_max INT,
  status VARCHAR(20) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_latepoint_agents (
  id MEDIUMINT NOT NULL AUTO_INCREMENT PRIMARY KEY, first_name VARCHAR(255) NOT NULL, last_name VARCHAR(255),
  display_name VARCHAR(255), email VARCHAR(110) NOT NULL, phone VARCHAR(255), status VARCHAR(20) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_latepoint_locations (
  id MEDIUMINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL, full_address TEXT, status VARCHAR(20) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_latepoint_customers (
  id MEDIUMINT NOT NULL AUTO_INCREMENT PRIMARY KEY, first_name VARCHAR(255), last_name VARCHAR(255), email VARCHAR(320),
  phone VARCHAR(255), status VARCHAR(50) NOT NULL, notes TEXT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_latepoint_bookings (
  id MEDIUMINT NOT NULL AUTO_INCREMENT PRIMARY KEY, booking_code VARCHAR(10), start_date DATE, end_date DATE, start_time MEDIUMINT,
  end_time MEDIUMINT, start_datetime_utc DATETIME, end_datetime_utc DATETIME, status VARCHAR(30) NOT NULL DEFAULT 'pending',
  customer_id MEDIUMINT NOT NULL, service_id MEDIUMINT NOT NULL, agent_id MEDIUMINT NOT NULL, location_id MEDIUMINT,
  total_attendees MEDIUMINT, customer_timezone VARCHAR(100), server_timezone VARCHAR(100),
  KEY start_date_index (start_date), KEY end_date_index (end_date), KEY status_index (status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
