-- Made-up data. See expected.json for what must come out, as of 2026-11-23T08:00:00Z, window 2026-09-24 .. 2027-06-01.
SET NAMES utf8mb4;
INSERT INTO wp_options (option_name, option_value) VALUES ('timezone_string','Europe/Madrid'),('gmt_offset','1');
INSERT INTO wp_latepoint_services (id, name, capacity_min, capacity_max, status) VALUES (1,'Haircut',1,1,'active'),(2,'Yoga class',1,10,'active'),(3,'Night watch',NULL,NULL,'active');
INSERT INTO wp_latepoint_agents (id, first_name, last_name, display_name, email, phone, status) VALUES
 (1,'Ana','Ruiz','','ana@clinica.example','+34910000001','active'),(2,'Tom','Reed','Dr Tom','tom@clinica.example',NULL,'active');
INSERT INTO wp_latepoint_locations (id, name, full_address, status) VALUES (1,'Centro','Calle Mayor 1','active');
INSERT INTO wp_latepoint_customers (id, first_name, last_name, email, phone, status, notes) VALUES
 (10,'Lucía','Gómez','lucia@mail.example','+34600000010','active','Alergia al látex'),
 (11,'John','Smith','john@mail.example','+12125550111','active',NULL),
 (12,'Chloé','Dupont-Lévy','chloe@mail.example','','active',NULL),
 (13,'Zoë 😀',NULL,'zoe@mail.example',NULL,'active',NULL);
INSERT INTO wp_latepoint_bookings (id, booking_code, start_date, end_date, start_time, end_time, start_datetime_utc, end_datetime_utc, status, customer_id, service_id, agent_id, location_id, total_attendees, customer_timezone, server_timezone) VALUES
 (1,'AB12CD','2026-11-24','2026-11-24',600,630,'2026-11-24 09:00:00','2026-11-24 09:30:00','approved',10,1,1,1,1,'Europe/Madrid','Europe/Madrid'),
 (2,'AB12CE','2026-11-25','2026-11-25',0,480,NULL,NULL,'approved',11,3,2,NULL,1,'America/New_York','Europe/Madrid'),
 (3,'AB12CF','2026-11-24','2026-11-25',1380,1440,'2026-11-24 22:00:00','2026-11-25 23:00:00','approved',12,1,1,1,1,'','Europe/Madrid'),
 (4,'AB12CG','2026-11-24','2026-11-25',1410,30,'2026-11-24 22:30:00','2026-11-24 23:30:00','cancelled',13,1,1,1,1,NULL,NULL),
 (5,'AB12CH','2026-11-25','2026-11-25',1080,1140,'2026-11-25 17:00:00','2026-11-25 18:00:00','cancelled',10,2,1,1,1,NULL,'Europe/Madrid'),
 (6,'AB12CI','2026-11-25','2026-11-25',1080,1140,'2026-11-25 17:00:00','2026-11-25 18:00:00','approved',10,2,1,1,1,NULL,'Europe/Madrid'),
 (7,'AB12CJ','2026-11-25','2026-11-25',1080,1140,'2026-11-25 17:00:00','2026-11-25 18:00:00','approved',11,2,1,1,2,'America/New_York','Europe/Madrid'),
 (8,'AB12CK','2026-11-25','2026-11-25',1080,1140,'2026-11-25 17:00:00','2026-11-25 18:00:00','payment_pending',12,2,1,1,1,NULL,'Europe/Madrid'),
 (9,'AB12CL','2026-11-26','2026-11-26',600,630,'2026-11-26 08:00:00','2026-11-26 08:30:00','on_hold',13,1,2,NULL,1,NULL,'+02:00'),
 (10,'AB12CM','2026-10-25','2026-10-25',150,180,'2026-10-25 01:30:00','2026-10-25 02:00:00','completed',10,1,1,1,1,NULL,'Europe/Madrid'),
 (11,'AB12CN','2026-11-20','2026-11-20',600,630,'2026-11-20 09:00:00','2026-11-20 09:30:00','no_show',11,1,1,1,1,NULL,'Europe/Madrid'),
 (12,'AB12CO','2029-01-15','2029-01-15',600,630,'2029-01-15 09:00:00','2029-01-15 09:30:00','approved',10,1,1,1,1,NULL,'Europe/Madrid'),
 (13,'AB12CP','2026-11-27','2026-11-27',0,1440,NULL,NULL,'approved',10,3,1,NULL,1,NULL,NULL);
